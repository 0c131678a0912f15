import { Type } from 'typebox';
import { canonicalAccount, type Site } from '../../model/accounts.ts';
import { regionLabel, UNKNOWN_REGION } from '../../model/region.ts';
import type { ControlParts } from '../parts.ts';
import { route, type Route } from '../route.ts';
import { BadgeFields, strict } from '../schemas.ts';

const AccountIdText = Type.String({
  minLength: 1,
  maxLength: 128,
  description: "The site's own id of the account",
});
const MAX_IDS = 100;

interface BadgeView {
  readonly region: string;
  readonly label: { readonly zh: string; readonly en: string };
  readonly source: string | null;
  readonly dataVersion: string | null;
  readonly [key: string]: string | null | { readonly zh: string; readonly en: string };
}

/** What a site shows of its accounts: region, source and data version; no address, no time. */
export function badgeRoutes({ badges }: ControlParts): readonly Route[] {
  const view = (site: Site, id: string): BadgeView => {
    const account = canonicalAccount(id);
    const badge = account === null ? null : badges.get(site, account);
    const region = badge?.code ?? UNKNOWN_REGION;
    return {
      region,
      label: { zh: regionLabel(region, 'zh'), en: regionLabel(region, 'en') },
      source: badge?.source ?? null,
      dataVersion: badge?.dataVersion ?? null,
    };
  };
  return [
    route({
      method: 'GET',
      path: '/v1/accounts/{id}/badge',
      access: 'site',
      summary: 'The badge of an account',
      params: Type.Object({ id: AccountIdText }, strict),
      answer: Type.Object(BadgeFields, strict),
      handle: ({ caller, params }) => view(caller.site, params.id),
    }),
    route({
      method: 'POST',
      path: '/v1/badges',
      access: 'site',
      summary: `The badges of up to ${MAX_IDS} accounts, in their order`,
      body: Type.Object({ ids: Type.Array(AccountIdText, { minItems: 1, maxItems: MAX_IDS }) }, strict),
      answer: Type.Object(
        { badges: Type.Array(Type.Object({ id: Type.String(), ...BadgeFields }, strict)) },
        strict,
      ),
      handle: ({ caller, body }) => ({ badges: body.ids.map((id) => ({ id, ...view(caller.site, id) })) }),
    }),
  ];
}

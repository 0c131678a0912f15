import { Type } from 'typebox';
import { ShudiError, problemOf } from '../../model/errors.ts';
import type { Json } from '../../model/journal.ts';
import type { Site } from '../../model/accounts.ts';
import { storeEvent, type SiteEvent } from '../events.ts';
import type { ControlParts, SiteSettings } from '../parts.ts';
import { Answered, route, type Route } from '../route.ts';
import { strict } from '../schemas.ts';

const MAX_EVENTS = 100;

const EventSchema = Type.Object(
  {
    type: Type.Union([Type.Literal('login'), Type.Literal('logout'), Type.Literal('publication')]),
    account: Type.String({ minLength: 1, maxLength: 256 }),
    requestId: Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'X-Request-Id of the request, as the gateway sent it',
    }),
    at: Type.Optional(
      Type.String({
        maxLength: 64,
        description: 'RFC 3339 with an offset; the time of the request when absent',
      }),
    ),
  },
  strict,
);

type Result = { readonly [key: string]: Json };

/** What a site tells of its accounts, where the gateway does not see it by itself. */
export function eventRoutes(parts: ControlParts): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/events',
      access: 'site',
      summary: `Report 1 to ${MAX_EVENTS} events; each is durable, or refused by itself, when the answer comes`,
      body: Type.Object({ events: Type.Array(EventSchema, { minItems: 1, maxItems: MAX_EVENTS }) }, strict),
      status: 201,
      answer: Type.Object(
        {
          results: Type.Array(
            Type.Union([
              Type.Object(
                { status: Type.Literal('stored'), bound: Type.Boolean(), repeated: Type.Boolean() },
                strict,
              ),
              Type.Object(
                {
                  status: Type.Literal('refused'),
                  code: Type.String(),
                  detail: Type.String(),
                  where: Type.Optional(Type.String()),
                },
                strict,
              ),
            ]),
            { description: 'In the order of the events. When none could be stored the status is 422.' },
          ),
        },
        strict,
      ),
      handle: async ({ caller, body }) => {
        const settings = parts.sites.get(caller.site);
        if (settings === undefined)
          throw new ShudiError('auth.role', 'The site of this token is not configured any more.');
        const results: Result[] = [];
        // One after the other: a later event of a batch may follow from an earlier one, a logout from its login.
        for (const event of body.events) results.push(await outcomeOf(parts, caller.site, settings, event));
        const stored = results.some(({ status }) => status === 'stored');
        return stored ? { results } : new Answered(422, { results });
      },
    }),
  ];
}

async function outcomeOf(
  parts: ControlParts,
  site: Site,
  settings: SiteSettings,
  event: SiteEvent,
): Promise<Result> {
  try {
    return { status: 'stored', ...(await storeEvent(parts, site, settings, event)) };
  } catch (error) {
    const { status, code, detail, where } = problemOf(error);
    // Where our own storage fails the whole answer does: the site must send the batch again.
    if (status >= 500) throw error;
    return { status: 'refused', code, detail, ...(where === undefined ? {} : { where }) };
  }
}

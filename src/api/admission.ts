import { ShudiError } from '../model/errors.ts';
import type { Caller } from '../disclosure/register.ts';
import { hostCheck } from './host-check.ts';
import type { ControlOptions } from './parts.ts';
import { RateLimit, TooFast } from './rate.ts';
import type { Route } from './route.ts';

/** Who was let in, and with what. */
export interface Admitted {
  readonly caller: Caller | null;
  readonly bearer: string;
}

const RATES = { person: { perSecond: 10, burst: 60 }, site: { perSecond: 500, burst: 2000 } } as const;

/** Decides who gets as far as a route. Everything that is not allowed by the route's row is denied. */
export function admission(options: Pick<ControlOptions, 'register' | 'clock' | 'hosts' | 'rates'>): {
  /** @throws ShudiError api.host */
  host(header: string | undefined): void;
  /** @throws ShudiError auth.missing | auth.unknown | auth.role | auth.rate | journal.* */
  caller(route: Pick<Route, 'access'>, authorization: string | undefined): Promise<Admitted>;
} {
  const { register, clock, hosts, rates = RATES } = options;
  const isOurs = hostCheck(hosts);
  const limit = new RateLimit(clock);
  return {
    host(header) {
      if (!isOurs(header)) throw new ShudiError('api.host', 'The Host header names another server.');
    },
    async caller({ access }, authorization) {
      if (access === 'public') return { caller: null, bearer: '' };
      const bearer = bearerOf(authorization);
      const caller = await register.authenticate(bearer);
      const wait = limit.take(caller.token.id, rates[caller.kind]);
      if (wait > 0) throw new TooFast(wait);
      if (!isAllowed(access, caller))
        throw new ShudiError('auth.role', 'This token does not open this route.');
      return { caller, bearer };
    },
  };
}

function bearerOf(authorization: string | undefined): string {
  const match = /^Bearer +(\S+) *$/i.exec(authorization ?? '');
  if (match?.[1] === undefined) throw new ShudiError('auth.missing', 'There is no bearer token.');
  return match[1];
}

function isAllowed(access: Exclude<Route['access'], 'public'>, caller: Caller): boolean {
  if (access === 'site' || caller.kind === 'site') return access === 'site' && caller.kind === 'site';
  return caller.person.roles.some((role) => access.includes(role));
}

import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose';
import { LRUCache } from 'lru-cache';
import { canonicalAccount, type AccountId, type SessionDirectory, type Site } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import type { Learned } from '../model/records.ts';
import type { Clock, Millis } from '../model/time.ts';
import { cookieValue } from './cookies.ts';
import type { HeaderOptions, IdentityOptions, JwtOptions } from './options.ts';

/** Who a request is believed to be of, and since when. */
export interface Believed {
  readonly account: AccountId;
  readonly learned: Learned;
  readonly since: Millis | null;
}

/** `null`: anonymous. `refuse`: the route wants no request with a bad token. */
export type Identified = Believed | null | 'refuse';

/** Tells the account of a request; at once where it can, so that the hot path does not wait (R11). */
export type Identify = (request: IncomingMessage) => Identified | Promise<Identified>;

export function createIdentify(
  site: Site,
  options: IdentityOptions,
  sessions: SessionDirectory,
  clock: Clock,
): Identify {
  switch (options.mode) {
    case 'none':
      return () => null;
    case 'header':
      return sessionIdentify(site, options, sessions);
    case 'jwt':
      return jwtIdentify(options, clock);
  }
}

function sessionIdentify(site: Site, options: HeaderOptions, sessions: SessionDirectory): Identify {
  return (request) => {
    const cookie = cookieValue(request.headers.cookie, options.cookie);
    if (cookie === null) return null;
    const known = sessions.find(site, cookie);
    if (known === undefined)
      return sessions
        .load(site, cookie)
        .then((session) => (session === null ? null : { ...session, learned: 'session' as const }));
    return known === null ? null : { account: known.account, since: known.since, learned: 'session' };
  };
}

/** Only signatures that the gateway cannot make itself. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const MAX_TOKEN = 8192;
const CACHED_TOKENS = 50_000;

interface Verified {
  readonly believed: Believed;
  readonly until: number;
}

function jwtIdentify(options: JwtOptions, clock: Clock): Identify {
  const keys = keySet(options.jwks);
  const cache = new LRUCache<string, Verified>({ max: CACHED_TOKENS });
  const invalid: Identified = options.onInvalid === 'refuse' ? 'refuse' : null;
  const check = async (token: string): Promise<Identified> => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        currentDate: new Date(clock()),
        requiredClaims: [options.claim, 'exp'],
        ...(options.issuer === null ? {} : { issuer: options.issuer }),
        ...(options.audience === null ? {} : { audience: options.audience }),
      });
      const believed = believedOf(payload, options.claim);
      if (believed === null) return invalid;
      cache.set(token, { believed, until: (payload.exp ?? 0) * 1000 });
      return believed;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return invalid;
      throw error;
    }
  };
  return (request) => {
    const token = tokenOf(request, options.cookie);
    if (token === null) return null;
    if (token === '' || token.length > MAX_TOKEN) return invalid;
    const known = cache.get(token);
    if (known !== undefined && known.until > clock()) return known.believed;
    return check(token);
  };
}

/** The token; '' for something in its place that is none: the upstream may read it more kindly than we do. */
function tokenOf(request: IncomingMessage, cookie: string | null): string | null {
  if (cookie !== null) return cookieValue(request.headers.cookie, cookie);
  const header = request.headers.authorization ?? '';
  if (!/^Bearer(?:$|[^A-Za-z])/i.test(header)) return null;
  return /^Bearer +([A-Za-z0-9\-._~+/=]+)$/i.exec(header)?.[1] ?? '';
}

function believedOf(payload: JWTPayload, claim: string): Believed | null {
  const value = payload[claim];
  const account =
    typeof value === 'string'
      ? canonicalAccount(value)
      : typeof value === 'number'
        ? canonicalAccount(String(value))
        : null;
  if (account === null) return null;
  return { account, learned: 'jwt', since: issuedAt(payload.iat) };
}

/** A NumericDate may have a fraction or be absurd (RFC 7519, 2); what is recorded is a whole millisecond or nothing. */
function issuedAt(seconds: number | undefined): Millis | null {
  const millis = Math.floor((seconds ?? Number.NaN) * 1000);
  return Number.isSafeInteger(millis) && millis >= 0 ? (millis as Millis) : null;
}

type KeyFinder = ReturnType<typeof createRemoteJWKSet>;

function keySet(source: string): KeyFinder | ReturnType<typeof createLocalJWKSet> {
  if (/^https?:/.test(source))
    return createRemoteJWKSet(new URL(source), { timeoutDuration: 3000, cooldownDuration: 30_000 });
  try {
    return createLocalJWKSet(JSON.parse(readFileSync(source, 'utf8')) as JSONWebKeySet);
  } catch (cause) {
    throw new ShudiError('config.invalid', 'The JWKS file cannot be read as a key set.', source, cause);
  }
}

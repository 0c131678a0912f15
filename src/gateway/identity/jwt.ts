import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Jose from 'jose';
import { LRUCache } from 'lru-cache';
import { ShudiError } from '../../model/errors.ts';
import type { Clock, Millis } from '../../model/time.ts';
import type { JwtOptions } from '../options.ts';
import { accountOf, type Believed, type Credentials, type Identified, type Identity } from './believed.ts';
import { cookieValue } from './cookies.ts';

/** Loaded by the first route that needs it: most workers need none, and it takes 10 MB of each. */
const loadJose = (): typeof Jose => createRequire(import.meta.url)('jose') as typeof Jose;

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
/** Of all cached tokens together. */
const CACHED_CHARACTERS = 64 * 1024 * 1024;

interface Verified {
  readonly believed: Believed;
  readonly until: number;
}

/** The account that a signed token names (RFC 7519). */
export function jwtIdentity(options: JwtOptions, clock: Clock): Identity {
  const { errors, jwtVerify, ...jose } = loadJose();
  const keys = keySet(options.jwks, jose);
  const cache = new LRUCache<string, Verified>({
    max: CACHED_TOKENS,
    maxSize: CACHED_CHARACTERS,
    sizeCalculation: (_, token) => token.length,
  });
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
      const account = accountOf(payload[options.claim]);
      if (account === null) return invalid;
      const believed: Believed = { account, learned: 'jwt', since: issuedAt(payload) };
      cache.set(token, { believed, until: (payload.exp ?? 0) * 1000 });
      return believed;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return invalid;
      throw error;
    }
  };
  return {
    identify(credentials) {
      const token = tokenOf(credentials, options.cookie);
      if (token === null) return null;
      if (token === '' || token.length > MAX_TOKEN) return invalid;
      const known = cache.get(token);
      if (known !== undefined && known.until > clock()) return known.believed;
      return check(token);
    },
    // A token says the same until it ends, whatever happened meanwhile.
    forget: () => null,
    forgetTag() {},
  };
}

/** The token; '' for something in its place that is none: the upstream may read it more kindly than we do. */
function tokenOf({ cookie, authorization }: Credentials, name: string | null): string | null {
  if (name !== null) return cookieValue(cookie, name);
  const header = authorization ?? '';
  if (!/^Bearer(?:$|[^A-Za-z])/i.test(header)) return null;
  return /^Bearer +([A-Za-z0-9\-._~+/=]+)$/i.exec(header)?.[1] ?? '';
}

/** A NumericDate may have a fraction or be absurd (RFC 7519, 2); what is recorded is a whole millisecond or nothing. */
function issuedAt({ iat }: Jose.JWTPayload): Millis | null {
  const millis = Math.floor((iat ?? Number.NaN) * 1000);
  return Number.isSafeInteger(millis) && millis >= 0 ? (millis as Millis) : null;
}

type KeySets = Pick<typeof Jose, 'createLocalJWKSet' | 'createRemoteJWKSet'>;

function keySet(source: string, { createLocalJWKSet, createRemoteJWKSet }: KeySets): Jose.JWTVerifyGetKey {
  if (/^https?:/.test(source))
    return createRemoteJWKSet(new URL(source), { timeoutDuration: 3000, cooldownDuration: 30_000 });
  try {
    return createLocalJWKSet(JSON.parse(readFileSync(source, 'utf8')) as Jose.JSONWebKeySet);
  } catch (cause) {
    throw new ShudiError('config.invalid', 'The JWKS file cannot be read as a key set.', source, cause);
  }
}

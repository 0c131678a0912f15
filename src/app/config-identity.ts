import type { IdentityOptions, IntrospectOptions, JwtOptions } from '../gateway/options.ts';
import { durationMillis } from '../model/time.ts';
import type { ConfigFile, Path } from './config-file.ts';
import type { RawConfig } from './config-schema.ts';

type RawIdentity = RawConfig['gateway']['routes'][number]['identity'];

/** The keys that go with each mode; one that has no effect would only mislead. */
const IDENTITY_KEYS = {
  none: [],
  header: ['cookie'],
  jwt: ['cookie', 'jwks', 'issuer', 'audience', 'claim', 'onInvalid'],
  introspect: ['cookie', 'url', 'cache', 'timeout', 'concurrency', 'onFailure'],
} as const;
const ALL_KEYS = new Set([...IDENTITY_KEYS.jwt, ...IDENTITY_KEYS.introspect]);

const MAX_CACHE_MS = 86_400_000;
const MAX_TIMEOUT_MS = 60_000;

/** @throws ShudiError config.invalid naming file, line and key */
export function identityOf(
  file: ConfigFile,
  raw: RawIdentity,
  path: Path,
  at: (path: string) => string,
): IdentityOptions {
  const allowed: readonly string[] = IDENTITY_KEYS[raw.mode];
  for (const key of ALL_KEYS) {
    if (raw[key] !== undefined && !allowed.includes(key))
      throw file.fault([...path, key], `has no meaning with mode ${raw.mode}`);
  }
  switch (raw.mode) {
    case 'none':
      return { mode: 'none' };
    case 'header':
      return { mode: 'header', cookie: cookieOf(file, raw, path) };
    case 'jwt':
      return jwtOf(file, raw, path, at);
    case 'introspect':
      return introspectOf(file, raw, path);
  }
}

function cookieOf(file: ConfigFile, raw: RawIdentity, path: Path): string {
  if (raw.cookie === undefined)
    throw file.fault(path, `mode ${raw.mode} needs the name of the session cookie (cookie)`);
  return raw.cookie;
}

function jwtOf(file: ConfigFile, raw: RawIdentity, path: Path, at: (path: string) => string): JwtOptions {
  if (raw.jwks === undefined) throw file.fault(path, 'mode jwt needs a key set (jwks)');
  return {
    mode: 'jwt',
    jwks: /^https?:\/\//.test(raw.jwks) ? raw.jwks : at(raw.jwks),
    issuer: raw.issuer ?? null,
    audience: raw.audience ?? null,
    claim: raw.claim ?? 'sub',
    cookie: raw.cookie ?? null,
    onInvalid: raw.onInvalid ?? 'anonymous',
  };
}

function introspectOf(file: ConfigFile, raw: RawIdentity, path: Path): IntrospectOptions {
  const cookie = cookieOf(file, raw, path);
  if (raw.url === undefined) throw file.fault(path, 'mode introspect needs the endpoint (url)');
  const url = URL.parse(raw.url);
  if (url === null) throw file.fault([...path, 'url'], 'is not an http(s) address');
  if (url.username !== '' || url.password !== '')
    throw file.fault([...path, 'url'], 'must hold no name and password; they would not be sent');
  const cacheMs = durationMillis(raw.cache ?? '30s') ?? 0;
  if (cacheMs > MAX_CACHE_MS)
    throw file.fault([...path, 'cache'], 'is more than a day: a log-out would be seen too late');
  const timeoutMs = durationMillis(raw.timeout ?? '2s') ?? 0;
  if (timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS)
    throw file.fault([...path, 'timeout'], 'must be from 1ms to 1m: requests wait for the answer');
  return {
    mode: 'introspect',
    url: raw.url,
    cookie,
    cacheMs,
    timeoutMs,
    concurrency: raw.concurrency ?? 64,
    onFailure: raw.onFailure ?? 'anonymous',
  };
}

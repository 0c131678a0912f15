import { dirname, isAbsolute, resolve } from 'node:path';
import type { Site } from '../model/accounts.ts';
import { durationMillis, MAX_CLOCK_ERROR_MS } from '../model/time.ts';
import { isRegionCode, type V6ProvincePolicy } from '../model/region.ts';
import { parseCidr } from '../geo/prefix.ts';
import type { Durability } from '../platform/sqlite.ts';
import type { GatewayOptions, IdentityOptions, RouteOptions } from '../gateway/options.ts';
import { REGION_FILE } from './region-file.ts';
import { readConfigFile, type ConfigFile, type Path } from './config-file.ts';
import type { RawConfig } from './config-schema.ts';

/** A configuration that cannot be wrong inside: parsed, with absolute paths and milliseconds. */
export interface Config {
  readonly dataDirectory: string;
  readonly sites: readonly Site[];
  readonly gateway: GatewayOptions;
  readonly durability: Durability;
  readonly regions: {
    readonly file: string;
    readonly overrides: readonly { readonly cidr: string; readonly region: string }[];
    readonly mainlandIpv6: V6ProvincePolicy;
    readonly lastProvinceDays: number;
  };
  readonly assumedClockErrorMs: number;
  /** Addresses and CIDRs that serve one subscriber only. */
  readonly unshared: readonly string[];
  readonly control: { readonly host: string; readonly port: number; readonly hosts: readonly string[] };
  readonly grantExpiryMs: number;
}

/** Reads and checks a configuration file. @throws ShudiError config.* naming file, line and key */
export function loadConfig(path: string): Config {
  return configOf(readConfigFile(path), dirname(resolve(path)));
}

/** @param base  the directory that relative paths start from */
export function configOf(file: ConfigFile, base: string): Config {
  const { raw } = file;
  const at = (path: string): string => (isAbsolute(path) ? path : resolve(base, path));
  checkNames(file);
  if (millis(raw.trace.assumedClockError) > MAX_CLOCK_ERROR_MS)
    throw file.fault(
      ['trace', 'assumedClockError'],
      'is more than a minute: such a clock can tell nobody apart',
    );
  raw.gateway.listeners.forEach((listener, index) =>
    listener.trustedProxies.forEach((cidr, item) =>
      checkCidr(file, cidr, ['gateway', 'listeners', index, 'trustedProxies', item]),
    ),
  );
  raw.trace.unshared.forEach((cidr, index) => checkCidr(file, cidr, ['trace', 'unshared', index]));
  const networks = new Set<string>();
  raw.regions.overrides.forEach((item, index) => {
    const network = checkCidr(file, item.cidr, ['regions', 'overrides', index, 'cidr']);
    if (networks.has(network)) throw file.fault(['regions', 'overrides', index, 'cidr'], 'stands twice');
    networks.add(network);
    if (!isRegionCode(item.region))
      throw file.fault(['regions', 'overrides', index, 'region'], 'there is no such region');
  });
  return {
    dataDirectory: at(raw.data),
    sites: raw.sites.map((site) => site.name as Site),
    gateway: gatewayOf(file, at),
    durability: raw.records.durability,
    regions: { ...raw.regions, file: raw.regions.file === undefined ? REGION_FILE : at(raw.regions.file) },
    assumedClockErrorMs: millis(raw.trace.assumedClockError),
    unshared: raw.trace.unshared,
    control: raw.control,
    grantExpiryMs: millis(raw.disclosure.grantExpiry),
  };
}

/** The schema has checked the form. */
const millis = (text: string): number => durationMillis(text) ?? 0;

function checkNames({ raw, fault }: ConfigFile): void {
  const seen = new Set<string>();
  raw.sites.forEach(({ name }, index) => {
    if (seen.has(name)) throw fault(['sites', index, 'name'], 'two sites have this name');
    seen.add(name);
  });
  raw.gateway.routes.forEach(({ site }, index) => {
    if (!seen.has(site)) throw fault(['gateway', 'routes', index, 'site'], 'no site has this name');
  });
  const places = new Set<string>();
  raw.gateway.routes.forEach(({ host, path }, index) => {
    const place = `${host ?? '*'} ${path}`;
    if (places.has(place))
      throw fault(['gateway', 'routes', index, 'path'], 'two routes have this host and path');
    places.add(place);
  });
  const listeners = new Set<string>();
  raw.gateway.listeners.forEach(({ name }, index) => {
    if (listeners.has(name))
      throw fault(['gateway', 'listeners', index, 'name'], 'two listeners have this name');
    listeners.add(name);
  });
}

function checkCidr(file: ConfigFile, cidr: string, path: Path): string {
  const prefix = parseCidr(cidr);
  if (prefix === null)
    throw file.fault(path, 'is not an address or CIDR (no bits may be set behind the prefix)');
  if (prefix.length === 0) throw file.fault(path, 'would hold every address there is');
  return `${prefix.family} ${prefix.first} ${prefix.length}`;
}

function gatewayOf(file: ConfigFile, at: (path: string) => string): GatewayOptions {
  const { gateway, sites } = file.raw;
  const { limits, timeouts } = gateway;
  const routes = gateway.routes.map((route, index): RouteOptions => {
    const path = ['gateway', 'routes', index];
    const url = URL.parse(route.upstream);
    const site = sites.find(({ name }) => name === route.site);
    if (url === null || site === undefined) throw file.fault([...path, 'upstream'], 'is not an http address');
    return {
      site: route.site as Site,
      host: route.host ?? null,
      path: route.path,
      upstream: { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port === '' ? 80 : url.port) },
      identity: identityOf(file, route.identity, [...path, 'identity'], at),
      badgeBasis: site.badgeBasis,
      language: site.language,
    };
  });
  return {
    prefix: gateway.prefix,
    listeners: gateway.listeners.map((item) => ({
      ...item,
      clientPortHeader: item.clientPortHeader ?? null,
    })),
    routes,
    limits: { ...limits, claimedIdleMs: millis(limits.claimedIdle) },
    timeouts: {
      requestHeadMs: millis(timeouts.requestHead),
      requestMs: millis(timeouts.request),
      keepAliveMs: millis(timeouts.keepAlive),
      connectMs: millis(timeouts.upstreamConnect),
      headMs: millis(timeouts.upstreamHead),
      idleMs: millis(timeouts.upstreamIdle),
    },
  };
}

type RawIdentity = RawConfig['gateway']['routes'][number]['identity'];

/** The keys that go with each mode; one that has no effect would only mislead. */
const IDENTITY_KEYS = {
  none: [],
  header: ['cookie'],
  jwt: ['cookie', 'jwks', 'issuer', 'audience', 'claim', 'onInvalid'],
} as const;

function identityOf(
  file: ConfigFile,
  raw: RawIdentity,
  path: Path,
  at: (path: string) => string,
): IdentityOptions {
  const allowed: readonly string[] = IDENTITY_KEYS[raw.mode];
  for (const key of IDENTITY_KEYS.jwt) {
    if (raw[key] !== undefined && !allowed.includes(key))
      throw file.fault([...path, key], `has no meaning with mode ${raw.mode}`);
  }
  if (raw.mode === 'none') return { mode: 'none' };
  if (raw.mode === 'header') {
    if (raw.cookie === undefined)
      throw file.fault(path, 'mode header needs the name of the session cookie (cookie)');
    return { mode: 'header', cookie: raw.cookie };
  }
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

import { dirname, isAbsolute, resolve } from 'node:path';
import type { Site } from '../model/accounts.ts';
import { canonicalAddress, isV4, type IpAddress } from '../model/address.ts';
import { durationMillis } from '../model/time.ts';
import { isRegionCode, type V6ProvincePolicy } from '../model/region.ts';
import type { Durability } from '../platform/sqlite.ts';
import type { GatewayOptions, IdentityOptions, RouteOptions } from '../gateway/options.ts';
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
  raw.gateway.listeners.forEach((listener, index) =>
    listener.trustedProxies.forEach((cidr, item) =>
      checkCidr(file, cidr, ['gateway', 'listeners', index, 'trustedProxies', item]),
    ),
  );
  raw.trace.unshared.forEach((cidr, index) => checkCidr(file, cidr, ['trace', 'unshared', index]));
  raw.regions.overrides.forEach((item, index) => {
    checkCidr(file, item.cidr, ['regions', 'overrides', index, 'cidr']);
    if (!isRegionCode(item.region))
      throw file.fault(['regions', 'overrides', index, 'region'], 'there is no such region');
  });
  return {
    dataDirectory: at(raw.data),
    sites: raw.sites.map((site) => site.name as Site),
    gateway: gatewayOf(file, at),
    durability: raw.records.durability,
    regions: { ...raw.regions, file: at(raw.regions.file) },
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
  const listeners = new Set<string>();
  raw.gateway.listeners.forEach(({ name }, index) => {
    if (listeners.has(name))
      throw fault(['gateway', 'listeners', index, 'name'], 'two listeners have this name');
    listeners.add(name);
  });
}

function splitCidr(cidr: string): { address: IpAddress; bits: number } | null {
  const [text = '', bits, more] = cidr.split('/');
  const address = canonicalAddress(text);
  if (address === null || more !== undefined) return null;
  const most = isV4(address) ? 32 : 128;
  if (bits === undefined) return { address, bits: most };
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most ? { address, bits: Number(bits) } : null;
}

function checkCidr(file: ConfigFile, cidr: string, path: Path): void {
  const parsed = splitCidr(cidr);
  if (parsed === null) throw file.fault(path, 'is not an address or CIDR');
  if (parsed.bits === 0) throw file.fault(path, 'would hold every address there is');
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
  jwt: ['cookie', 'jwks', 'issuer', 'audience'],
} as const;

function identityOf(
  file: ConfigFile,
  raw: RawIdentity,
  path: Path,
  at: (path: string) => string,
): IdentityOptions {
  const allowed: readonly string[] = IDENTITY_KEYS[raw.mode];
  for (const key of ['cookie', 'jwks', 'issuer', 'audience'] as const) {
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
    claim: raw.claim,
    cookie: raw.cookie ?? null,
    onInvalid: raw.onInvalid,
  };
}

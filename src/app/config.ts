import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Site } from '../model/accounts.ts';
import { durationMillis, MAX_CLOCK_ERROR_MS } from '../model/time.ts';
import { isRegionCode, type V6ProvincePolicy } from '../model/region.ts';
import { parseCidr } from '../geo/prefix.ts';
import type { Durability } from '../platform/sqlite.ts';
import type { CollectorsSettings } from '../collectors/settings.ts';
import type { GatewayOptions } from '../gateway/options.ts';
import { REGION_FILE } from './region-file.ts';
import { readConfigFile, type ConfigFile, type Path } from './config-file.ts';
import { collectorsOf } from './config-collectors.ts';
import { gatewayOf } from './config-gateway.ts';
import type { RawConfig } from './config-schema.ts';

/** A configuration that cannot be wrong inside: parsed, with absolute paths and milliseconds. */
export interface Config {
  /** As read, with its defaults: what a reload is compared with. */
  readonly raw: RawConfig;
  /** Of the file's text, hex. */
  readonly sha256: string;
  readonly dataDirectory: string;
  readonly sites: readonly Site[];
  readonly gateway: GatewayOptions;
  /** How many processors serve clients, 1 to 32. */
  readonly workers: number;
  readonly durability: Durability;
  /** Bytes of the data disk that stay free; 0 switches that off. */
  readonly diskReserveBytes: number;
  readonly regions: {
    readonly file: string;
    readonly overrides: readonly { readonly cidr: string; readonly region: string }[];
    readonly mainlandIpv6: V6ProvincePolicy;
    readonly lastProvinceDays: number;
  };
  /** Null when nothing is collected. */
  readonly collectors: CollectorsSettings | null;
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
  raw.gateway.listeners.forEach(({ trustedProxies, proxyProtocol }, index) => {
    const place = ['gateway', 'listeners', index];
    trustedProxies.forEach((cidr, item) => checkCidr(file, cidr, [...place, 'trustedProxies', item]));
    proxyProtocol?.from.forEach((cidr, item) =>
      checkCidr(file, cidr, [...place, 'proxyProtocol', 'from', item]),
    );
  });
  raw.trace.unshared.forEach((cidr, index) => checkCidr(file, cidr, ['trace', 'unshared', index]));
  const networks = new Set<string>();
  raw.regions.overrides.forEach((item, index) => {
    const network = checkCidr(file, item.cidr, ['regions', 'overrides', index, 'cidr']);
    if (networks.has(network)) throw file.fault(['regions', 'overrides', index, 'cidr'], 'stands twice');
    networks.add(network);
    if (!isRegionCode(item.region))
      throw file.fault(['regions', 'overrides', index, 'region'], 'there is no such region');
  });
  const workers = workersOf(raw.gateway.workers);
  return {
    raw,
    sha256: file.sha256,
    dataDirectory: at(raw.data),
    sites: raw.sites.map((site) => site.name as Site),
    gateway: gatewayOf(file, at, workers > 1),
    workers,
    durability: raw.records.durability,
    diskReserveBytes: raw.records.diskReserve,
    regions: { ...raw.regions, file: raw.regions.file === undefined ? REGION_FILE : at(raw.regions.file) },
    collectors: collectorsOf(file, at),
    assumedClockErrorMs: millis(raw.trace.assumedClockError),
    unshared: raw.trace.unshared,
    control: raw.control,
    grantExpiryMs: millis(raw.disclosure.grantExpiry),
  };
}

/** The schema's bound, for a machine with more processors. */
const MAX_WORKERS = 32;

const workersOf = (workers: RawConfig['gateway']['workers']): number =>
  workers === 'auto' ? Math.min(availableParallelism(), MAX_WORKERS) : workers;

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

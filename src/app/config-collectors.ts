import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Site } from '../model/accounts.ts';
import type { CollectorsSettings, ListenerSettings, SourceSettings } from '../collectors/settings.ts';
import { parseCidr } from '../geo/prefix.ts';
import { RECEIVE_BUFFER, SOURCE_DEFAULTS } from './config-collectors-schema.ts';
import { holdsAllV4, overlapOf } from './config-collectors-senders.ts';
import type { ConfigFile, Path } from './config-file.ts';
import { timeout } from './config-gateway.ts';
import type { RawConfig } from './config-schema.ts';

type RawSource = RawConfig['collectors']['sources'][number];
type RawListener = RawConfig['collectors']['listeners'][number];
type Absolute = (path: string) => string;

/**
 * The collectors' settings; null when none are configured.
 * @param at  makes a path absolute
 * @throws ShudiError config.invalid naming file, line and key
 */
export function collectorsOf(file: ConfigFile, at: Absolute): CollectorsSettings | null {
  const { collectors, sites } = file.raw;
  const root: Path = ['collectors'];
  collectors.own.forEach((cidr, index) => requireCidr(file, cidr, [...root, 'own', index]));
  const taken = new Set<string>(['gateway', ...sites.map(({ name }) => name)]);
  const names = new Set<string>();
  const sources = collectors.sources.map((source, index) => {
    const path: Path = [...root, 'sources', index];
    if (names.has(source.name) || source.name === 'gateway')
      throw file.fault([...path, 'name'], 'is the name of another source');
    names.add(source.name);
    const settings = sourceOf(file, source, path, at);
    if (settings.protocol === 'radius' && taken.has(settings.site))
      throw file.fault(
        [...path, source.site === undefined ? 'name' : 'site'],
        'is a community of this gateway: subscribers need a name of their own',
      );
    return settings;
  });
  const listeners = collectors.listeners.map((listener, index) =>
    listenerOf(file, listener, [...root, 'listeners', index], at),
  );
  for (const [index, { protocol }] of sources.entries())
    if (protocol !== 'conntrack' && !listeners.some((listener) => listener.protocol === protocol))
      throw file.fault([...root, 'sources', index, 'protocol'], 'no listener hears this protocol');
  for (const [index, { protocol }] of listeners.entries())
    if (!sources.some((source) => source.protocol === protocol))
      throw file.fault([...root, 'listeners', index, 'protocol'], 'no source sends by this protocol');
  for (const protocol of ['ipfix', 'syslog', 'radius'] as const) requireApart(file, sources, protocol, root);
  return sources.length === 0 ? null : { own: collectors.own, sources, listeners };
}

/** What comes from an address is of one source: else the order in the file would decide whose it is. */
function requireApart(
  file: ConfigFile,
  sources: readonly SourceSettings[],
  protocol: SourceSettings['protocol'],
  root: Path,
): void {
  const overlap = overlapOf(sources.map((source) => (source.protocol === protocol ? source.from : null)));
  if (overlap === null) return;
  const { source, place, text, other } = overlap;
  throw file.fault(
    [...root, 'sources', source, 'from', place],
    `${text} of ${sources[source]?.name} overlaps ${other.text} of ${sources[other.source]?.name}: whose would be what comes from there?`,
  );
}

function sourceOf(file: ConfigFile, raw: RawSource, path: Path, at: Absolute): SourceSettings {
  const { name, realm, protocol } = raw;
  raw.from.forEach((cidr, index) => requireCidr(file, cidr, [...path, 'from', index]));
  if (protocol !== 'conntrack' && raw.from.length === 0)
    throw file.fault([...path, 'from'], 'is missing: anybody could send');
  onlyFor(file, raw, path);
  const silentAfterMs = timeout(file, raw.silentAfter, [...path, 'silentAfter']);
  const common = { name, realm, from: raw.from };
  switch (protocol) {
    case 'ipfix':
      return { ...common, protocol, silentAfterMs, dialect: raw.dialect ?? null };
    case 'syslog':
      return {
        ...common,
        protocol,
        silentAfterMs,
        vendor: raw.vendor ?? null,
        zoneMinutes: minutesOf(raw.zone),
      };
    case 'radius':
      // An access server sends until it is answered: silence is no loss.
      return {
        ...common,
        protocol,
        silentAfterMs: null,
        secret: secretOf(file, raw, path, at),
        site: (raw.site ?? name) as Site,
      };
    case 'conntrack':
      if (raw.input !== 'run' && raw.path === undefined)
        throw file.fault([...path, 'path'], `is missing: where is the ${raw.input}?`);
      return {
        ...common,
        protocol,
        silentAfterMs: null,
        format: raw.format,
        input: raw.input,
        path: raw.path === undefined ? '' : at(raw.path),
        namespace: raw.namespace ?? null,
      };
  }
}

const PROTOCOLS_OF = {
  dialect: ['ipfix'],
  vendor: ['syslog'],
  zone: ['syslog'],
  silentAfter: ['ipfix', 'syslog'],
  secretFile: ['radius'],
  site: ['radius'],
  input: ['conntrack'],
  path: ['conntrack'],
  namespace: ['conntrack'],
  format: ['conntrack'],
} as const satisfies Partial<Record<keyof RawSource, readonly RawSource['protocol'][]>>;

/** A key that does nothing would hide a mistake; one that says what holds anyway does not. */
function onlyFor(file: ConfigFile, raw: RawSource, path: Path): void {
  const unwritten: Partial<RawSource> = SOURCE_DEFAULTS;
  for (const key of Object.keys(PROTOCOLS_OF) as (keyof typeof PROTOCOLS_OF)[]) {
    const protocols: readonly RawSource['protocol'][] = PROTOCOLS_OF[key];
    if (raw[key] !== unwritten[key] && !protocols.includes(raw.protocol))
      throw file.fault([...path, key], `goes with \`${protocols.join('` and `')}\` only`);
  }
  if (raw.protocol !== 'conntrack') return;
  if (raw.from.length > 0) throw file.fault([...path, 'from'], 'has no place here: nothing is sent to it');
  if (raw.path !== undefined && raw.input === 'run')
    throw file.fault([...path, 'path'], 'goes with `pipe` and `file` only');
  if (raw.namespace !== undefined && raw.input !== 'run')
    throw file.fault([...path, 'namespace'], 'goes with `run` only');
}

function minutesOf(zone: string): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  return zone.startsWith('-') ? -minutes : minutes;
}

const LEAST_SECRET = 8;

function secretOf(file: ConfigFile, raw: RawSource, path: Path, at: Absolute): string {
  if (raw.secretFile === undefined) throw file.fault([...path, 'secretFile'], 'is missing');
  const secret = contentOf(file, raw.secretFile, [...path, 'secretFile'], at).trim();
  if (secret.length < LEAST_SECRET)
    throw file.fault([...path, 'secretFile'], `holds fewer than ${LEAST_SECRET} characters`);
  return secret;
}

function listenerOf(file: ConfigFile, raw: RawListener, path: Path, at: Absolute): ListenerSettings {
  const { protocol, transport, host, port, receiveBuffer } = raw;
  if (isIP(host) === 0) throw file.fault([...path, 'host'], 'is not an IP address');
  if (protocol === 'radius' && transport !== 'udp')
    throw file.fault([...path, 'transport'], 'RADIUS is heard over UDP only');
  for (const key of ['cert', 'key', 'clientCa'] as const)
    if (raw[key] !== undefined && transport !== 'tls')
      throw file.fault([...path, key], 'goes with `tls` only');
  if (receiveBuffer !== RECEIVE_BUFFER && transport !== 'udp')
    throw file.fault([...path, 'receiveBuffer'], 'goes with `udp` only');
  const common = { protocol, transport, host, port, receiveBufferBytes: receiveBuffer };
  if (transport !== 'tls') return { ...common, tls: null };
  if (raw.cert === undefined) throw file.fault([...path, 'cert'], 'is missing');
  if (raw.key === undefined) throw file.fault([...path, 'key'], 'is missing');
  return {
    ...common,
    tls: {
      cert: contentOf(file, raw.cert, [...path, 'cert'], at),
      key: contentOf(file, raw.key, [...path, 'key'], at),
      clientCa: raw.clientCa === undefined ? null : contentOf(file, raw.clientCa, [...path, 'clientCa'], at),
    },
  };
}

function contentOf(file: ConfigFile, name: string, path: Path, at: Absolute): string {
  try {
    return readFileSync(at(name), 'utf8');
  } catch {
    throw file.fault(path, 'cannot be read');
  }
}

function requireCidr(file: ConfigFile, cidr: string, path: Path): void {
  const prefix = parseCidr(cidr);
  if (prefix === null)
    throw file.fault(path, 'is not an address or CIDR (no bits may be set behind the prefix)');
  if (prefix.length === 0) throw file.fault(path, 'would hold every address there is');
  if (holdsAllV4(prefix)) throw file.fault(path, 'would hold every address of IPv4');
}

import {
  canonicalAddress,
  canonicalPort,
  type Endpoint,
  type IpAddress,
  type Port,
} from '../../model/address.ts';
import type { PortRange } from '../../model/translations.ts';
import type { ToldTranslation } from '../feed.ts';

/** Parts from which a vendor's reader makes what it returns. They take text as it stands in the line. */

/** Null when it is none, and for the unset address. */
export function addressOf(text: string): IpAddress | null {
  const address = canonicalAddress(text);
  return address === '0.0.0.0' || address === '::' ? null : address;
}

/** Null for `0`, `-` and '' (not told); undefined when it is no port. */
function portOf(text: string): Port | null | undefined {
  if (text === '0' || text === '-' || text === '') return null;
  return canonicalPort(text) ?? undefined;
}

/** Null when a part makes no sense. A port that is not told is `0` or `-`. */
export function endpointOf(addressText = '', portText = '-'): Endpoint | null {
  const address = addressOf(addressText);
  const port = portOf(portText);
  return address === null || port === undefined ? null : { address, port };
}

/** `address:port`, where there is always a port, also after an IPv6 address without brackets. */
export function endpointWithPort(text = ''): Endpoint | null {
  const colon = text.lastIndexOf(':');
  if (colon === -1) return null;
  return endpointOf(text.slice(0, colon).replace(/^\[|\]$/g, ''), text.slice(colon + 1));
}

/** `v4`, `v4:port`, `v6`, `[v6]:port`. */
export function endpointIn(text = ''): Endpoint | null {
  const hasPort = text.startsWith('[') || text.indexOf(':') === text.lastIndexOf(':');
  return hasPort && text.includes(':') ? endpointWithPort(text) : endpointOf(text);
}

/** Ports from low to high of an address; the address alone when they are not told, one port when only low is. */
export function rangeOf(addressText = '', lowText = '-', highText = '-'): PortRange | null {
  const address = addressOf(addressText);
  const low = portOf(lowText);
  const high = portOf(highText) ?? (/^[-0]?$/.test(highText) ? low : undefined);
  if (address === null || low === undefined || high === undefined) return null;
  if (low === null || high === null)
    return high === null ? { address, low: null, high: null, step: 1 } : null;
  return low <= high ? { address, low, high, step: 1 } : null;
}

export const rangeAt = ({ address, port }: Endpoint): PortRange => ({
  address,
  low: port,
  high: port,
  step: 1,
});

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['icmp', 1],
  ['igmp', 2],
  ['ipip', 4],
  ['tcp', 6],
  ['udp', 17],
  ['gre', 47],
  ['esp', 50],
  ['ipsec-esp', 50],
  ['ah', 51],
  ['ipsec-ah', 51],
  ['icmp6', 58],
  ['icmpv6', 58],
  ['sctp', 132],
]);

/** IANA's number of a name or number; null for another, and for `-`. */
export function protocolOf(text = ''): number | null {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text) <= 255 ? Number(text) : null;
  return PROTOCOLS.get(text.toLowerCase()) ?? null;
}

/** Ms since the epoch of hex seconds; null when it is none, or not a time before the year 10000. */
export function hexSeconds(text = ''): number | null {
  const match = /^(?:0x)?0{0,15}([1-9a-f][0-9a-f]{0,9})$/i.exec(text);
  const ms = match === null ? 0 : Number.parseInt(match[1] ?? '', 16) * 1000;
  return ms > 0 && ms < 253_402_300_800_000 ? ms : null;
}

type Told = Pick<ToldTranslation, 'event' | 'inside' | 'outside'> &
  Partial<Pick<ToldTranslation, 'timeMs' | 'realm' | 'protocol' | 'remote'>>;

/** One translation, or none where the inside is the outside. A `flow` was seen at its one time. */
export function told(what: Told): ToldTranslation[] {
  const { event, inside, outside, timeMs = null, realm = '', protocol = null, remote = null } = what;
  if (outside !== null && isIdentity(inside, outside)) return [];
  const untilMs = event === 'flow' ? timeMs : null;
  return [{ event, timeMs, untilMs, realm, protocol, inside, outside, remote, flow: null }];
}

function isIdentity(inside: Endpoint, outside: PortRange): boolean {
  if (inside.address !== outside.address) return false;
  return (
    inside.port === null ||
    outside.low === null ||
    (outside.low === inside.port && outside.high === inside.port)
  );
}

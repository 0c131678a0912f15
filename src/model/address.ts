import { SocketAddress, isIP, isIPv4 } from 'node:net';
import type { Branded } from './brand.ts';
import { ShudiError } from './errors.ts';

/** An IPv4 or IPv6 address in canonical text (RFC 5952); an IPv4-mapped IPv6 address is its IPv4 address. */
export type IpAddress = Branded<string, 'IpAddress'>;

/** A port from 1 to 65535. An unknown port is `null`, never 0 (R2). */
export type Port = Branded<number, 'Port'>;

export interface Endpoint {
  readonly address: IpAddress;
  readonly port: Port | null;
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * The canonical form of an address, or null when it is none. Strict: no port, blank, bracket or leading
 * zero is accepted (`net.isIP` is the gate); an IPv6 zone (`%eth0`) is dropped, as it means nothing elsewhere.
 */
export function canonicalAddress(text: string): IpAddress | null {
  if (isIPv4(text)) return text as IpAddress;
  const zone = text.indexOf('%');
  const bare = zone === -1 ? text : text.slice(0, zone);
  if (isIP(bare) !== 6) return null;
  const mapped = MAPPED.exec(bare);
  if (mapped?.[1] !== undefined && isIPv4(mapped[1])) return mapped[1] as IpAddress;
  const canonical = new SocketAddress({ address: bare, family: 'ipv6' }).address;
  const again = MAPPED.exec(canonical);
  return (again?.[1] ?? canonical) as IpAddress;
}

/** @throws ShudiError address.invalid */
export function parseAddress(text: string, where: string): IpAddress {
  const address = canonicalAddress(text);
  if (address === null) throw new ShudiError('address.invalid', 'This is not an IP address.', where);
  return address;
}

/** The port, or null when it is not a whole number from 1 to 65535 in plain digits. */
export function canonicalPort(text: string): Port | null {
  if (!/^[1-9]\d{0,4}$/.test(text)) return null;
  const value = Number(text);
  return value <= 65_535 ? (value as Port) : null;
}

/** @throws ShudiError port.invalid */
export function parsePort(text: string, where: string): Port {
  const port = canonicalPort(text);
  if (port === null) throw new ShudiError('port.invalid', 'This is not a port.', where);
  return port;
}

/** The port of a socket as the kernel tells it; 0 and undefined are unknown. */
export function socketPort(value: number | undefined): Port | null {
  return value === undefined || value === 0 ? null : (value as Port);
}

export function isV4(address: IpAddress): boolean {
  return !address.includes(':');
}

/** `address:port` or `[v6]:port`, for people; an unknown port is left out. */
export function endpointText(endpoint: Endpoint): string {
  const host = isV4(endpoint.address) ? endpoint.address : `[${endpoint.address}]`;
  return endpoint.port === null ? endpoint.address : `${host}:${endpoint.port}`;
}

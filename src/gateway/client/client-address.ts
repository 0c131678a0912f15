import { BlockList } from 'node:net';
import { canonicalAddress, canonicalPort, isV4, type Endpoint, type IpAddress } from '../../model/address.ts';
import type { Verdict } from '../../model/records.ts';

/** Who the client is (R2). */
export interface ClientClaim {
  readonly client: Endpoint;
  readonly verdict: Verdict;
  /** The claimed chain as received, cut at 512 characters. */
  readonly chain: string;
}

export interface TrustOptions {
  /** CIDRs of the proxies that may speak for their clients; none by default. */
  readonly trustedProxies: readonly string[];
  /** The one header family that they use, in lower case. */
  readonly forwardedHeader: string;
  /** A header of theirs with the client's port, in lower case. */
  readonly clientPortHeader: string | null;
}

const MAX_CHAIN = 512;
const MAX_HOPS = 32;

/** The value of a request header by its name in lower case, several joined by a comma. */
export type HeaderValue = (name: string) => string | undefined;

export interface AddressTrust {
  /** Whether the peer may speak for others: asked once a connection. */
  trusts(peer: IpAddress): boolean;
  /** The client behind a trusted peer: the chain walked from the right to the first untrusted hop. */
  clientBehind(peer: Endpoint, header: HeaderValue): ClientClaim;
  /** The header names that these proxies use, which no request may carry upstream. */
  readonly claims: ReadonlySet<string>;
}

/** Whether an address lies in one of these addresses and CIDRs. */
export function addressList(cidrs: readonly string[]): (address: IpAddress) => boolean {
  const list = new BlockList();
  const networks: { readonly first: number; readonly mask: number }[] = [];
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/');
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    if (family === 'ipv4') {
      const mask = Number(bits ?? 32) === 0 ? 0 : -1 << (32 - Number(bits ?? 32));
      networks.push({ first: v4Number(address) & mask, mask });
    } else if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  // Asked for each hop of each request behind a proxy; the list of the runtime makes an object for each question.
  return (address) => {
    if (!isV4(address)) return list.check(address, 'ipv6');
    const number = v4Number(address);
    return networks.some(({ first, mask }) => (number & mask) === first);
  };
}

/** An IPv4 address as a signed number of 32 bits. */
function v4Number(address: string): number {
  let number = 0;
  let part = 0;
  for (let at = 0; at < address.length; at += 1) {
    const code = address.charCodeAt(at);
    if (code === DOT) {
      number = (number << 8) | part;
      part = 0;
    } else part = part * 10 + code - ZERO;
  }
  return (number << 8) | part;
}

const DOT = 0x2e;
const ZERO = 0x30;

export function createTrust(options: TrustOptions): AddressTrust {
  const listed = options.trustedProxies.length === 0 ? null : addressList(options.trustedProxies);
  const trusts = (address: IpAddress): boolean => listed !== null && listed(address);
  const claims = new Set([
    options.forwardedHeader,
    ...(options.clientPortHeader === null ? [] : [options.clientPortHeader]),
  ]);
  return {
    trusts,
    claims,
    clientBehind(peer, header) {
      const text = header(options.forwardedHeader) ?? '';
      const chain = text.slice(0, MAX_CHAIN);
      const forwarded = options.forwardedHeader === 'forwarded';
      const elements = forwarded
        ? splitQuoted(text, ',').filter((element) => element.trim() !== '')
        : text.trim() === ''
          ? []
          : text.split(',');
      let nearest: Endpoint = peer;
      const from = Math.max(0, elements.length - MAX_HOPS);
      for (let index = elements.length - 1; index >= from; index -= 1) {
        const element = elements[index]?.trim() ?? '';
        const hop = forwarded ? forwardedHop(element) : hopOf(element);
        if (hop === null) return { client: nearest, verdict: 'unverified', chain };
        if (!trusts(hop.address))
          return {
            // The port header speaks of whom our peer saw, which is the last hop only.
            client: index === elements.length - 1 ? withPort(hop, header, options.clientPortHeader) : hop,
            verdict: 'forwarded',
            chain,
          };
        nearest = hop;
      }
      // Trusted to its end, or nothing was said: the nearest trusted hop is all that is known.
      return { client: nearest, verdict: 'unverified', chain };
    },
  };
}

function withPort(hop: Endpoint, header: HeaderValue, name: string | null): Endpoint {
  if (hop.port !== null || name === null) return hop;
  const value = header(name);
  return value !== undefined ? { address: hop.address, port: canonicalPort(value.trim()) } : hop;
}

/** `1.2.3.4`, `2001:db8::1`, and what some proxies add: `1.2.3.4:5678`, `[2001:db8::1]:5678`. Null: not understood. */
function hopOf(text: string): Endpoint | null {
  const plain = canonicalAddress(text);
  if (plain !== null) return { address: plain, port: null };
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d+))?$/.exec(text);
  const address = canonicalAddress(match?.[1] ?? match?.[2] ?? '');
  if (match === null || address === null) return null;
  if (match[3] === undefined) return { address, port: null };
  const port = canonicalPort(match[3]);
  return port === null ? null : { address, port };
}

const PAIR = /^([!#$%&'*+\-.^_`|~\w]+)=(?:"((?:[^"\\]|\\.)*)"|([^"\s\\]+))$/;

/**
 * The `for` of an element of Forwarded (RFC 7239); `unknown`, obfuscated and missing ones are not understood. Every
 * pair must be well-formed: a quote that a client leaves open swallows what the proxy adds behind it, and the client's
 * own `for` would be left as the only one.
 */
function forwardedHop(element: string): Endpoint | null {
  let own: string | null = null;
  for (const pair of splitQuoted(element, ';')) {
    const text = pair.trim();
    if (text === '') continue;
    const match = PAIR.exec(text);
    if (match === null) return null;
    if (match[1]?.toLowerCase() !== 'for') continue;
    if (own !== null) return null;
    own = match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '';
  }
  return own === null ? null : hopOf(own);
}

/** Splits outside of quoted strings, so that a comma in quotes cannot make a hop. */
function splitQuoted(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (quoted && char === '\\') index += 1;
    else if (char === '"') quoted = !quoted;
    else if (char === separator && !quoted) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Writes export packets, as an exporter would: the project's own fixtures come from here. */

/** `[element, length]`, or with an enterprise's number behind. */
export type FieldSpec = readonly [element: number, length: number, enterprise?: number];

export interface MessageOptions {
  readonly version?: 9 | 10;
  /** Seconds since the epoch. */
  readonly exportTime?: number;
  readonly sequence?: number;
  readonly domain?: number;
  /** NetFlow v9: ms since the exporter's start. */
  readonly uptime?: number;
}

export const EXPORT_TIME = 1_750_000_000;

export const uint = (value: number | bigint, length: number): Buffer => {
  const bytes = Buffer.alloc(length);
  let rest = BigInt(value);
  for (let index = length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
};

export const ip4 = (text: string): Buffer => Buffer.from(text.split('.').map(Number));

/** A whole message of these sets. */
export function message(sets: readonly Buffer[], options: MessageOptions = {}): Buffer {
  const { version = 10, exportTime = EXPORT_TIME, sequence = 0, domain = 1, uptime = 0 } = options;
  const body = Buffer.concat(sets);
  if (version === 10)
    return Buffer.concat([
      uint(10, 2),
      uint(16 + body.length, 2),
      uint(exportTime, 4),
      uint(sequence, 4),
      uint(domain, 4),
      body,
    ]);
  return Buffer.concat([
    uint(9, 2),
    uint(sets.length, 2),
    uint(uptime, 4),
    uint(exportTime, 4),
    uint(sequence, 4),
    uint(domain, 4),
    body,
  ]);
}

export const set = (id: number, content: readonly Buffer[], padding = 0): Buffer => {
  const body = Buffer.concat([...content, Buffer.alloc(padding)]);
  return Buffer.concat([uint(id, 2), uint(4 + body.length, 2), body]);
};

export function template(id: number, fields: readonly FieldSpec[]): Buffer {
  return Buffer.concat([uint(id, 2), uint(fields.length, 2), ...fields.map(fieldBytes)]);
}

const fieldBytes = ([element, length, enterprise]: FieldSpec): Buffer =>
  enterprise === undefined
    ? Buffer.concat([uint(element, 2), uint(length, 2)])
    : Buffer.concat([uint(element | 0x8000, 2), uint(length, 2), uint(enterprise, 4)]);

export const withdrawal = (id: number): Buffer => Buffer.concat([uint(id, 2), uint(0, 2)]);

/** IPFIX (RFC 7011, 3.4.2.2). */
export const optionsTemplate = (id: number, scope: number, fields: readonly FieldSpec[]): Buffer =>
  Buffer.concat([uint(id, 2), uint(fields.length, 2), uint(scope, 2), ...fields.map(fieldBytes)]);

/** The fields of RFC 8158's NAT44 session, with those that it leaves open. */
export const NAT44: readonly FieldSpec[] = [
  [323, 8],
  [230, 1],
  [8, 4],
  [225, 4],
  [4, 1],
  [7, 2],
  [227, 2],
  [12, 4],
  [11, 2],
];

export interface Nat44 {
  readonly at?: number;
  readonly event?: number;
  readonly inside?: string;
  readonly insidePort?: number;
  readonly outside?: string;
  readonly outsidePort?: number;
  readonly remote?: string;
  readonly remotePort?: number;
}

export const nat44 = ({
  at = EXPORT_TIME * 1000,
  event = 4,
  inside = '100.64.0.1',
  insidePort = 40_000,
  outside = '192.0.2.1',
  outsidePort = 50_000,
  remote = '203.0.113.1',
  remotePort = 443,
}: Nat44 = {}): Buffer =>
  Buffer.concat([
    uint(at, 8),
    uint(event, 1),
    ip4(inside),
    ip4(outside),
    uint(6, 1),
    uint(insidePort, 2),
    uint(outsidePort, 2),
    ip4(remote),
    uint(remotePort, 2),
  ]);

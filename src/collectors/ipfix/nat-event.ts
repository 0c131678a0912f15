/** An address where it lies in a datagram: 4 or 16 bytes, or none (size 0). */
export interface AddressPlace {
  at: number;
  size: 0 | 4 | 16;
}

/**
 * What one record says of a translation. One such object is filled again and again (no object a record): who wants to
 * keep anything of it copies it before the next record.
 */
export interface NatEvent {
  /** The datagram that the addresses lie in. */
  bytes: Buffer;
  /** What the inside lies in: the datagram, or `text` where it was written out as a text. */
  insideBytes: Buffer;
  readonly text: Buffer;
  /** `flow`: the translation was seen from `timeMs` to `untilMs`; its beginning and its end are not told. */
  action: 'create' | 'delete' | 'flow';
  /** By the exporter's clock, ms since the epoch. */
  timeMs: number;
  untilMs: number;
  /** Whether the record itself tells the time; else it is the message's. */
  timed: boolean;
  /** IANA's protocol number; 0 when it is not told. */
  protocol: number;
  /** VRF or realm; 0 when it is not told. */
  realm: number;
  /** The exporter's own number of the session; 0 when it has none. */
  flow: number;
  readonly inside: AddressPlace;
  /** 0 when it is not told. */
  insidePort: number;
  /** A delete may leave it out: it is then matched by its inside. */
  readonly outside: AddressPlace;
  /** 0 when no port is told. A block runs from low to high in steps. */
  outsideLow: number;
  outsideHigh: number;
  outsideStep: number;
  readonly remote: AddressPlace;
  remotePort: number;
}

export function createNatEvent(): NatEvent {
  const place = (): AddressPlace => ({ at: 0, size: 0 });
  return {
    bytes: Buffer.alloc(0),
    insideBytes: Buffer.alloc(0),
    text: Buffer.alloc(16),
    action: 'create',
    timeMs: 0,
    untilMs: 0,
    timed: false,
    protocol: 0,
    realm: 0,
    flow: 0,
    inside: place(),
    insidePort: 0,
    outside: place(),
    outsideLow: 0,
    outsideHigh: 0,
    outsideStep: 1,
    remote: place(),
    remotePort: 0,
  };
}

export function setPlace(place: AddressPlace, at: number, size: AddressPlace['size']): void {
  place.at = at;
  place.size = size;
}

/** Whether every byte of it is zero, which is how exporters write "none". */
export function isUnset(bytes: Buffer, at: number, size: number): boolean {
  for (let index = at; index < at + size; index += 1) if (bytes[index] !== 0) return false;
  return true;
}

/** Whether inside and outside are one address. */
export function hasOneAddress({ bytes, insideBytes, inside, outside }: NatEvent): boolean {
  if (inside.size !== outside.size) return false;
  for (let index = 0; index < inside.size; index += 1)
    if (insideBytes[inside.at + index] !== bytes[outside.at + index]) return false;
  return true;
}

/**
 * Whether an address is one of a site's own: RFC 1918, RFC 6598 (shared between carrier and customer), link-local
 * (RFC 3927, RFC 4291), unique local (RFC 4193).
 */
export function isPrivate(bytes: Buffer, { at, size }: AddressPlace): boolean {
  const [first = 0, second = 0] = [bytes[at], bytes[at + 1]];
  if (size === 16) return (first & 0xfe) === 0xfc || (first === 0xfe && (second & 0xc0) === 0x80);
  if (first === 10) return true;
  if (first === 172) return (second & 0xf0) === 16;
  if (first === 192) return second === 168;
  if (first === 100) return (second & 0xc0) === 64;
  return first === 169 && second === 254;
}

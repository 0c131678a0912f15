import type { IpAddress } from '../../model/address.ts';
import { addressText } from '../address-text.ts';
import type { AccountingRequest, Attribute } from './packet.ts';
import { heldPorts, type HeldPorts } from './ports.ts';
import { integer, text } from './values.ts';

/** An address, or a prefix of so many bits, that a subscriber holds. */
export interface HeldPrefix {
  readonly address: IpAddress;
  readonly bits: number;
}

export type AccountingStatus = 'start' | 'stop' | 'interim' | 'on' | 'off';

/** What an access server says of a subscriber's session. It holds names: it goes no further than to the vault. */
export interface Accounting {
  readonly status: AccountingStatus;
  /** The server's own identifier of the session, hex. */
  readonly session: string;
  readonly userName: string | null;
  readonly callingStation: string | null;
  /** Who reports: NAS-Identifier, or its address; '' when neither is told. */
  readonly server: string;
  /** When it happened by the server's clock, seconds since the epoch; null when it is not told. */
  readonly eventSeconds: number | null;
  /** How long the server has tried to send this, s: it happened so long before it came (RFC 2866, 5.2). */
  readonly delaySeconds: number;
  readonly held: readonly HeldPrefix[];
  readonly ports: readonly HeldPorts[];
}

export type AccountingFault = 'no-status' | 'unknown-status' | 'no-session';

const STATUS: Readonly<Record<number, AccountingStatus>> = {
  1: 'start',
  2: 'stop',
  3: 'interim',
  7: 'on',
  8: 'off',
};

const TYPE = {
  userName: 1,
  nasAddress: 4,
  framedAddress: 8,
  callingStation: 31,
  nasIdentifier: 32,
  status: 40,
  delay: 41,
  session: 44,
  eventTimestamp: 55,
  nasAddress6: 95,
  framedPrefix6: 97,
  delegatedPrefix6: 123,
  framedAddress6: 168,
} as const;

const MOST_HELD = 16;

/** Reads the attributes of a request (RFC 2866; RFC 3162, 4818, 6911 for IPv6; `heldPorts` for ports). */
export function readAccounting({ attributes }: AccountingRequest): Accounting | AccountingFault {
  const plain = (type: number): Buffer | null =>
    attributes.find((item) => item.vendor === 0 && item.type === type)?.value ?? null;
  const statusNumber = integer(plain(TYPE.status));
  if (statusNumber === null) return 'no-status';
  const status = STATUS[statusNumber];
  if (status === undefined) return 'unknown-status';
  const session = plain(TYPE.session);
  if (session === null && status !== 'on' && status !== 'off') return 'no-session';
  return {
    status,
    session: session?.toString('hex') ?? '',
    userName: text(plain(TYPE.userName)),
    callingStation: text(plain(TYPE.callingStation)),
    server: serverOf(plain),
    eventSeconds: integer(plain(TYPE.eventTimestamp)),
    delaySeconds: integer(plain(TYPE.delay)) ?? 0,
    held: attributes.flatMap((item) => heldBy(item) ?? []).slice(0, MOST_HELD),
    ports: heldPorts(attributes),
  };
}

function serverOf(plain: (type: number) => Buffer | null): string {
  const identifier = text(plain(TYPE.nasIdentifier));
  if (identifier !== null) return identifier;
  const four = plain(TYPE.nasAddress);
  if (four?.length === 4) return addressText(four, 0, 4);
  const six = plain(TYPE.nasAddress6);
  return six?.length === 16 ? addressText(six, 0, 16) : '';
}

/** 255.255.255.254 and 255.255.255.255 leave the choice to somebody else (RFC 2865, 5.8): nobody holds them. */
const LEFT_OPEN = 0xff_ff_ff_fe;

function heldBy({ vendor, type, value }: Attribute): HeldPrefix | null {
  if (vendor !== 0) return null;
  if (type === TYPE.framedAddress && value.length === 4) {
    const number = value.readUInt32BE(0);
    return number >= LEFT_OPEN || number === 0 ? null : { address: addressText(value, 0, 4), bits: 32 };
  }
  if (type === TYPE.framedAddress6 && value.length === 16)
    return value.equals(UNSET) ? null : { address: addressText(value, 0, 16), bits: 128 };
  if (type === TYPE.framedPrefix6 || type === TYPE.delegatedPrefix6) return prefix6(value);
  return null;
}

/** `::` is no address, and `::/0` would be everybody's. */
const UNSET = Buffer.alloc(16);

/** RFC 3162, 2.3: a reserved byte, the length in bits, then as many bytes as that takes; more must be zero. */
function prefix6(value: Buffer): HeldPrefix | null {
  const bits = value[1] ?? 129;
  if (value.length < 2 || value.length > 18 || bits > 128 || value.length - 2 < Math.ceil(bits / 8))
    return null;
  const whole = Buffer.alloc(16);
  value.copy(whole, 0, 2);
  for (let bit = bits; bit < 128; bit += 1) {
    const place = bit >> 3;
    whole[place] = (whole[place] ?? 0) & ~(0x80 >> (bit & 7));
  }
  return whole.equals(UNSET) ? null : { address: addressText(whole, 0, 16), bits };
}

import { canonicalAddress, canonicalPort, isV4, type IpAddress, type Port } from '../../model/address.ts';
import type { Attribute } from './packet.ts';
import { address4, integer } from './values.ts';

/** Outside ports that the access server has given to a subscriber. Without ports (both null): the address alone. */
export interface HeldPorts {
  /** Null when the message does not say. */
  readonly outside: IpAddress | null;
  readonly low: Port | null;
  readonly high: Port | null;
  /** Null when it is not told: then the message's status says. */
  readonly event: 'create' | 'delete' | null;
}

const MOST_HELD = 16;
const EXTENDED_1 = 241;
const HUAWEI = 2011;
const HUAWEI_TYPE = { outside: 161, start: 162, end: 163 } as const;
const NOKIA = 6527;
const NOKIA_TYPE = { range: 121, outside: 141 } as const;

/** Reads what a message says of outside ports: as RFC 8045 has it, as Nokia and Huawei do. */
export function heldPorts(attributes: readonly Attribute[]): HeldPorts[] {
  const one = (vendor: number, type: number): Buffer | undefined =>
    attributes.find((item) => item.vendor === vendor && item.type === type)?.value;
  const outside = address4(one(NOKIA, NOKIA_TYPE.outside));
  const told = [
    ...attributes.flatMap((item) => portsOf(item)),
    ...block(
      address4(one(HUAWEI, HUAWEI_TYPE.outside)),
      one(HUAWEI, HUAWEI_TYPE.start),
      one(HUAWEI, HUAWEI_TYPE.end),
    ),
  ].slice(0, MOST_HELD);
  if (outside === null) return told;
  if (told.length === 0) return [{ outside, low: null, high: null, event: null }];
  return told.map((held) => ({ ...held, outside: held.outside ?? outside }));
}

/** An address with neither port is an address alone; one with half a block, or with a false one, is nothing. */
function block(outside: IpAddress | null, start: Buffer | undefined, end: Buffer | undefined): HeldPorts[] {
  if (outside === null) return [];
  if (start === undefined && end === undefined) return [{ outside, low: null, high: null, event: null }];
  const [low, high] = [integer(start), integer(end)];
  return low === null || high === null ? [] : range(outside, low, high, null);
}

function range(outside: IpAddress | null, low: number, high: number, event: HeldPorts['event']): HeldPorts[] {
  const first = canonicalPort(`${low}`);
  const last = canonicalPort(`${high}`);
  return first === null || last === null || first > last ? [] : [{ outside, low: first, high: last, event }];
}

function portsOf({ vendor, type, value }: Attribute): HeldPorts[] {
  if (vendor === 0 && type === EXTENDED_1) return extendedPorts(value);
  if (vendor === NOKIA && type === NOKIA_TYPE.range) return nokiaPorts(value);
  return [];
}

const IP_PORT_RANGE = 6;
const TLV = { outside: 3, alloc: 8, start: 9, end: 10 } as const;

/** RFC 8045, 3.1.2: 241.6 with TLVs: the outside address, allocated (1) or freed (2), first and last port. */
function extendedPorts(value: Buffer): HeldPorts[] {
  if (value[0] !== IP_PORT_RANGE) return [];
  const found = new Map<number, Buffer>();
  let at = 1;
  while (value.length - at >= 2) {
    const size = value[at + 1] ?? 0;
    if (size < 2 || size > value.length - at) return [];
    found.set(value[at] ?? 0, value.subarray(at + 2, at + size));
    at += size;
  }
  const [low, high] = [integer(found.get(TLV.start)), integer(found.get(TLV.end))];
  if (low === null || high === null) return [];
  const alloc = integer(found.get(TLV.alloc));
  return range(
    address4(found.get(TLV.outside)),
    low,
    high,
    alloc === 1 ? 'create' : alloc === 2 ? 'delete' : null,
  );
}

const NOKIA_RANGE = /^(\d{1,5})-(\d{1,5})$/;

/** `180.0.1.248 37674-37723,38507-38556 router base`: one address, its ranges, where it is routed. */
function nokiaPorts(value: Buffer): HeldPorts[] {
  const [addressPart = '', ranges = ''] = value.toString('latin1').split(' ', 2);
  const outside = canonicalAddress(addressPart);
  if (outside === null || !isV4(outside)) return [];
  return ranges.split(',').flatMap((part) => {
    const match = NOKIA_RANGE.exec(part);
    return match === null ? [] : range(outside, Number(match[1]), Number(match[2]), null);
  });
}

import { firewallMeaning, natEventMeaning, templateMeaning, type Dialect, type Meaning } from './dialects.ts';
import {
  hasOneAddress,
  isPrivate,
  isUnset,
  setPlace,
  type AddressPlace,
  type NatEvent,
} from './nat-event.ts';
import type { MessageHead } from './message.ts';
import { readSubscriber } from './nokia.ts';
import type { Place, Plan, TimePlace } from './plan.ts';

/** Why a record creates nothing; `event`: it was filled in. */
export type Verdict =
  | 'event'
  /** Inside and outside are the same, or the outside is unset. */
  | 'identity'
  | 'notice'
  | 'unknown-event'
  | 'no-address'
  /** Nokia: who the inside is stands there as a name, not as an address. */
  | 'subscriber-name'
  | 'bad-block';

/** The clocks of the message that a record came in. */
export type MessageTimes = Pick<MessageHead, 'exportMs' | 'uptimeMs'>;

/** A whole number of 1 to 8 bytes, reduced or not (RFC 7011, 6.2); 0 where there is none. Exact up to 2^53. */
export function readNumber(bytes: Buffer, start: number, { offset, length }: Place): number {
  if (offset === -1) return 0;
  const at = start + offset;
  switch (length) {
    case 1:
      return bytes[at] ?? 0;
    case 2:
      return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    case 4:
      return bytes.readUInt32BE(at);
    case 8:
      return bytes.readUInt32BE(at) * 4_294_967_296 + bytes.readUInt32BE(at + 4);
    default: {
      let value = 0;
      for (let index = 0; index < length && index < 8; index += 1)
        value = value * 256 + (bytes[at + index] ?? 0);
      return value;
    }
  }
}

/** Seconds from NTP's era (1900) to the epoch (RFC 7011, 6.1.9). */
const NTP_EPOCH = 2_208_988_800;

/** An uptime may be told that lies so far ahead of its message's own, ms. */
const AHEAD_MS = 60_000;

function readTime(
  bytes: Buffer,
  start: number,
  place: TimePlace,
  { exportMs, uptimeMs }: MessageTimes,
): number {
  switch (place.scale) {
    case 'milliseconds':
      return readNumber(bytes, start, place);
    case 'seconds':
      return readNumber(bytes, start, place) * 1000;
    case 'ntp': {
      if (place.length !== 8) return 0;
      const at = start + place.offset;
      const fraction = bytes.readUInt32BE(at + 4) / 4_294_967_296;
      return (bytes.readUInt32BE(at) - NTP_EPOCH) * 1000 + Math.floor(fraction * 1000);
    }
    case 'uptime': {
      if (uptimeMs === null) return 0;
      // It wraps after 49.7 days: one that is greater than the message's is of before.
      const beforeMs = ((uptimeMs + AHEAD_MS - readNumber(bytes, start, place)) >>> 0) - AHEAD_MS;
      return exportMs - beforeMs;
    }
  }
}

/** Takes the address that is there: the IPv4 one, else the IPv6 one. */
function readAddress(bytes: Buffer, start: number, four: Place, six: Place, into: AddressPlace): void {
  if (four.length === 4 && !isUnset(bytes, start + four.offset, 4)) setPlace(into, start + four.offset, 4);
  else if (six.length === 16 && !isUnset(bytes, start + six.offset, 16))
    setPlace(into, start + six.offset, 16);
  else setPlace(into, start, 0);
}

/** Reads a data record of a template that tells of translations. @param start  where it begins */
export function interpret(
  plan: Plan,
  bytes: Buffer,
  start: number,
  times: MessageTimes,
  dialect: Dialect,
  event: NatEvent,
): Verdict {
  const { places } = plan;
  event.bytes = bytes;
  if (event.insideBytes !== bytes) event.insideBytes = bytes;
  event.protocol = readNumber(bytes, start, places.protocol);
  event.realm = readNumber(bytes, start, places.realm);
  const flow = readNumber(bytes, start, places.flow);
  event.flow = Number.isSafeInteger(flow) ? flow : 0;
  if (dialect === 'flow') return interpretFlow(plan, bytes, start, times, event);
  const meaning = meaningOf(plan, bytes, start, dialect);
  if (meaning === undefined) return 'unknown-event';
  if (meaning === 'notice') return 'notice';
  event.action = meaning;
  readAddress(bytes, start, places.source4, places.source6, event.inside);
  // Both are told of DS-Lite (RFC 6333, 6.6): its customers may all have one IPv4 address, and the IPv6 address of the
  // softwire's end (B4) is theirs alone.
  if (
    event.inside.size === 4 &&
    places.source6.length === 16 &&
    !isUnset(bytes, start + places.source6.offset, 16)
  )
    setPlace(event.inside, start + places.source6.offset, 16);
  // An inside IPv6 host has an outside IPv4 address in NAT64, so each is looked for by itself.
  readAddress(bytes, start, places.postSource4, places.postSource6, event.outside);
  event.insidePort = readNumber(bytes, start, places.sourcePort);
  readAddress(bytes, start, places.postDestination4, places.postDestination6, event.remote);
  event.remotePort = readNumber(bytes, start, places.postDestinationPort);
  if (event.remote.size === 0) {
    readAddress(bytes, start, places.destination4, places.destination6, event.remote);
    event.remotePort = readNumber(bytes, start, places.destinationPort);
  }
  if (event.remotePort === 0) event.remotePort = readNumber(bytes, start, places.destinationPort);
  if (!readOutsidePorts(plan, bytes, start, event)) return 'bad-block';
  if (dialect === 'nokia' && places.subscriber.offset !== -1 && !readNokiaSides(plan, start, event))
    return 'subscriber-name';
  setTime(plan, bytes, start, times, event);
  event.untilMs = event.timeMs;
  if (event.inside.size === 0) return 'no-address';
  if (event.outside.size === 0) {
    if (meaning === 'delete') return 'event';
    return event.outsideLow === 0 && isUntranslated(plan, bytes, start) ? 'identity' : 'no-address';
  }
  return isIdentity(event) ? 'identity' : 'event';
}

/**
 * Nokia writes the inside address out in the subscriber's text. Format 2 has the outside in post-NAT fields; format 1 has
 * its address in sourceIPv4Address, and its port nowhere. The source port is the inside's in both.
 * @returns whether the text holds an address
 */
function readNokiaSides({ places }: Plan, start: number, event: NatEvent): boolean {
  const { bytes, inside, outside, text } = event;
  if (places.postSource4.offset === -1 && places.postSource6.offset === -1)
    setPlace(outside, inside.at, inside.size);
  const { offset, length } = places.subscriber;
  const size = readSubscriber(bytes, start + offset, length, text);
  if (size === null) return false;
  event.insideBytes = text;
  setPlace(inside, 0, size !== 0 && isUnset(text, 0, size) ? 0 : size);
  return true;
}

function meaningOf(
  plan: Plan,
  bytes: Buffer,
  start: number,
  dialect: Exclude<Dialect, 'flow'>,
): Meaning | undefined {
  switch (dialect) {
    case 'asr9k':
      return templateMeaning(plan.template.id);
    case 'nokia':
      return plan.times.ended === null ? 'create' : 'delete';
    case 'nsel':
      return firewallMeaning(readNumber(bytes, start, plan.places.firewallEvent));
    case 'rfc8158':
    case 'hsl':
    case 'juniper-mx':
      return natEventMeaning(dialect, readNumber(bytes, start, plan.places.natEvent));
  }
}

/** A port, or a block from its start with its end, or with its step and count; false when it makes no sense. */
function readOutsidePorts({ places }: Plan, bytes: Buffer, start: number, event: NatEvent): boolean {
  event.outsideStep = 1;
  const low = readNumber(bytes, start, places.blockStart);
  if (low === 0) {
    event.outsideLow = readNumber(bytes, start, places.postSourcePort);
    event.outsideHigh = event.outsideLow;
    return event.outsideLow <= 65_535;
  }
  const step = Math.max(1, readNumber(bytes, start, places.blockStep));
  const count = readNumber(bytes, start, places.blockCount);
  let high = readNumber(bytes, start, places.blockEnd);
  if (high === 0 && count > 0) high = low + (count - 1) * step;
  // A block's release may tell its start only; a block of one port may too.
  if (high === 0) high = low;
  event.outsideLow = low;
  event.outsideHigh = high;
  event.outsideStep = count > 0 ? step : 1;
  return low <= high && high <= 65_535;
}

/** 2100-01-01: what lies beyond is no time, and what lies before 2000 is a clock that was never set. */
const LATEST_MS = 4_102_444_800_000;
const EARLIEST_MS = 946_684_800_000;

/** The time of a place; 0 when there is none, or none that can be. */
function timeOf(bytes: Buffer, start: number, place: TimePlace | null, times: MessageTimes): number {
  if (place === null) return 0;
  const time = readTime(bytes, start, place, times);
  return time >= EARLIEST_MS && time <= LATEST_MS ? time : 0;
}

function setTime(plan: Plan, bytes: Buffer, start: number, times: MessageTimes, event: NatEvent): void {
  const { observed, began, ended } = plan.times;
  const place = observed ?? (event.action === 'delete' ? (ended ?? began) : (began ?? ended));
  const time = timeOf(bytes, start, place, times);
  event.timed = time > 0;
  event.timeMs = event.timed ? time : times.exportMs;
}

/** Whether the fields of the outside are there, and all unset: so many exporters write that nothing was translated. */
function isUntranslated({ places }: Plan, bytes: Buffer, start: number): boolean {
  if (places.postSource4.length !== 4 && places.postSource6.length !== 16) return false;
  return (
    isZero(bytes, start, places.postSource4) &&
    isZero(bytes, start, places.postSource6) &&
    isZero(bytes, start, places.postDestination4) &&
    isZero(bytes, start, places.postDestination6) &&
    isZero(bytes, start, places.postDestinationPort)
  );
}

const isZero = (bytes: Buffer, start: number, { offset, length }: Place): boolean =>
  offset === -1 || isUnset(bytes, start + offset, length);

/** Inside and outside are one endpoint: nothing was translated. */
function isIdentity(event: NatEvent): boolean {
  if (!hasOneAddress(event)) return false;
  return event.outsideLow === 0 || event.outsideLow === event.insidePort;
}

/**
 * A flow record tells of each side before and after; which of the two is the inside depends on the exporter: outbound
 * it is the source before. Inbound most give the outside as the destination before (as the packet came), FortiGate as
 * the one after: a private address is then the inside, whatever its place.
 */
function interpretFlow(
  plan: Plan,
  bytes: Buffer,
  start: number,
  times: MessageTimes,
  event: NatEvent,
): Verdict {
  const { places } = plan;
  const { inside, outside, remote } = event;
  event.action = 'flow';
  event.outsideStep = 1;
  readAddress(bytes, start, places.source4, places.source6, inside);
  readAddress(bytes, start, places.postSource4, places.postSource6, outside);
  event.insidePort = readNumber(bytes, start, places.sourcePort);
  event.outsideLow = readNumber(bytes, start, places.postSourcePort);
  readAddress(bytes, start, places.destination4, places.destination6, remote);
  event.remotePort = readNumber(bytes, start, places.destinationPort);
  const outbound = inside.size !== 0 && outside.size !== 0 && differs(event);
  if (!outbound) {
    readAddress(bytes, start, places.postDestination4, places.postDestination6, inside);
    readAddress(bytes, start, places.destination4, places.destination6, outside);
    event.insidePort = readNumber(bytes, start, places.postDestinationPort);
    event.outsideLow = readNumber(bytes, start, places.destinationPort);
    readAddress(bytes, start, places.source4, places.source6, remote);
    event.remotePort = readNumber(bytes, start, places.sourcePort);
    if (inside.size === 0 || outside.size === 0 || !differs(event)) return 'identity';
    // Without ports of its own for the inside, the exporter does not tell the outside's either.
    if (event.insidePort === 0) event.outsideLow = 0;
  } else if (event.outsideLow === 0) event.insidePort = 0;
  if (isPrivate(bytes, outside) && !isPrivate(bytes, inside)) swapSides(event);
  event.outsideHigh = event.outsideLow;
  // A field may be wider than a port.
  if (event.outsideLow > 65_535) return 'bad-block';
  const began = timeOf(bytes, start, plan.times.began, times);
  const ended = timeOf(bytes, start, plan.times.ended, times);
  event.timed = began > 0;
  event.timeMs = began > 0 ? began : times.exportMs;
  event.untilMs = Math.max(event.timeMs, ended);
  return 'event';
}

/** Whether the sides differ; an unset one is how an exporter writes that it translated nothing. */
function differs(event: NatEvent): boolean {
  if (!hasOneAddress(event)) return true;
  return event.outsideLow !== 0 && event.insidePort !== 0 && event.outsideLow !== event.insidePort;
}

function swapSides(event: NatEvent): void {
  const { at, size } = event.inside;
  setPlace(event.inside, event.outside.at, event.outside.size);
  setPlace(event.outside, at, size);
  const port = event.insidePort;
  event.insidePort = event.outsideLow;
  event.outsideLow = port;
}

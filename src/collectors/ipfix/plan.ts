import { elementOf, IE, NOKIA } from './elements.ts';
import { VARIABLE, type Template } from './template.ts';

/** Where one field lies in a record: its offset and its length, both -1 where the template has no such field. */
export interface Place {
  offset: number;
  length: number;
}

const SLOTS = {
  protocol: [IE.protocolIdentifier],
  source4: [IE.sourceIPv4Address],
  source6: [IE.sourceIPv6Address],
  sourcePort: [IE.sourceTransportPort],
  destination4: [IE.destinationIPv4Address],
  destination6: [IE.destinationIPv6Address],
  destinationPort: [IE.destinationTransportPort],
  postSource4: [IE.postNATSourceIPv4Address, IE.ciscoXlateSourceAddress],
  postSource6: [IE.postNATSourceIPv6Address],
  postSourcePort: [IE.postNAPTSourceTransportPort, IE.ciscoXlateSourcePort],
  postDestination4: [IE.postNATDestinationIPv4Address, IE.ciscoXlateDestinationAddress],
  postDestination6: [IE.postNATDestinationIPv6Address],
  postDestinationPort: [IE.postNAPTDestinationTransportPort, IE.ciscoXlateDestinationPort],
  natEvent: [IE.natEvent],
  firewallEvent: [IE.firewallEvent, IE.ciscoFirewallEvent],
  realm: [IE.ingressVRFID, NOKIA.aluInsideServiceId],
  subscriber: [NOKIA.aluNatSubString],
  flow: [IE.flowId],
  blockStart: [IE.portRangeStart],
  blockEnd: [IE.portRangeEnd],
  blockStep: [IE.portRangeStepSize],
  blockCount: [IE.portRangeNumPorts],
} as const satisfies Record<string, readonly number[]>;

export type Slot = keyof typeof SLOTS;

/** How a time is written: RFC 7011, 6.1.7 to 6.1.10; `uptime` counts from the exporter's start (RFC 3954, 8). */
export type Scale = 'seconds' | 'milliseconds' | 'ntp' | 'uptime';

export interface TimePlace extends Place {
  readonly scale: Scale;
}

/** The elements that tell when something was observed, began or ended, the most exact first. */
const TIMES = {
  observed: [
    [IE.observationTimeMilliseconds, 'milliseconds'],
    [IE.observationTimeMicroseconds, 'ntp'],
    [IE.observationTimeNanoseconds, 'ntp'],
    [IE.observationTimeSeconds, 'seconds'],
  ],
  began: [
    [IE.flowStartMilliseconds, 'milliseconds'],
    [IE.flowStartMicroseconds, 'ntp'],
    [IE.flowStartNanoseconds, 'ntp'],
    [IE.flowStartSeconds, 'seconds'],
    [IE.flowStartSysUpTime, 'uptime'],
  ],
  ended: [
    [IE.flowEndMilliseconds, 'milliseconds'],
    [IE.flowEndMicroseconds, 'ntp'],
    [IE.flowEndNanoseconds, 'ntp'],
    [IE.flowEndSeconds, 'seconds'],
    [IE.flowEndSysUpTime, 'uptime'],
  ],
} as const satisfies Record<string, readonly (readonly [number, Scale])[]>;

export type Moment = keyof typeof TIMES;

/** What is read of a template's records, worked out once a template. */
export interface Plan {
  readonly template: Template;
  readonly places: Readonly<Record<Slot, Place>>;
  readonly times: Readonly<Record<Moment, TimePlace | null>>;
  /** In the order of the fields, for templates with variable ones: whose place each is. */
  readonly moving: readonly (Place | null)[] | null;
}

/** Resolves a template. Of an element that stands twice the first one counts: JunOS gives the event's time first. */
export function planOf(template: Template): Plan {
  const offsets: number[] = [];
  let offset = 0;
  for (const { length } of template.fields) {
    offsets.push(offset);
    offset += length === VARIABLE ? 1 : length;
  }
  const told = template.fields.map(({ enterprise, element }) => elementOf(enterprise, element));
  const moving: (Place | null)[] = template.fields.map(() => null);
  const find = (elements: readonly number[]): Place => {
    for (const element of elements) {
      const index = told.indexOf(element);
      if (index === -1) continue;
      const taken = moving[index];
      if (taken !== null && taken !== undefined) return taken;
      const place = { offset: offsets[index] ?? -1, length: template.fields[index]?.length ?? -1 };
      moving[index] = place;
      return place;
    }
    return { offset: -1, length: -1 };
  };
  const places = Object.fromEntries(
    Object.entries(SLOTS).map(([slot, elements]) => [slot, find(elements)]),
  ) as Record<Slot, Place>;
  const time = (moment: Moment): TimePlace | null => {
    for (const [element, scale] of TIMES[moment]) {
      const place = find([element]);
      // The same object: a moving field's place is moved in the record and read here.
      if (place.offset !== -1) return Object.assign(place, { scale });
    }
    return null;
  };
  const times = { observed: time('observed'), began: time('began'), ended: time('ended') };
  return { template, places, times, moving: template.isFixed ? null : moving };
}

/**
 * Finds a record with variable fields: moves their places to where they lie in it.
 * @returns one behind its last byte, or -1 when it does not end before `end` (RFC 7011, 7)
 */
export function locate({ template, moving }: Plan, bytes: Buffer, start: number, end: number): number {
  let at = start;
  for (let index = 0; index < template.fields.length; index += 1) {
    let length = template.fields[index]?.length ?? 0;
    if (length === VARIABLE) {
      if (at >= end) return -1;
      length = bytes[at] ?? 0;
      at += 1;
      if (length === 255) {
        if (end - at < 2) return -1;
        length = bytes.readUInt16BE(at);
        at += 2;
      }
    }
    if (length > end - at) return -1;
    const place = moving?.[index];
    if (place !== null && place !== undefined) {
      place.offset = at - start;
      place.length = length;
    }
    at += length;
  }
  return at;
}

import type { Endpoint, Port } from '../../model/address.ts';
import type { PortRange } from '../../model/translations.ts';
import { addressText } from '../address-text.ts';
import type { ToldTranslation } from '../feed.ts';
import type { AddressPlace, NatEvent } from './nat-event.ts';

/** What is kept of an event: a copy, as the event is filled again for the next record. Null when it has no inside. */
export function toldTranslation(event: NatEvent): ToldTranslation | null {
  const inside = endpointOf(event.insideBytes, event.inside, event.insidePort);
  if (inside === null) return null;
  return {
    event: event.action,
    timeMs: event.timed ? event.timeMs : null,
    untilMs: event.action === 'flow' ? event.untilMs : null,
    realm: event.realm === 0 ? '' : `vrf:${event.realm}`,
    // An exporter may write the number in more bytes than one; what is none of IANA's tells nothing.
    protocol: event.protocol >= 1 && event.protocol <= 255 ? event.protocol : null,
    inside,
    outside: outsideOf(event),
    remote: endpointOf(event.bytes, event.remote, event.remotePort),
    flow: event.flow === 0 ? null : event.flow,
  };
}

function outsideOf(event: NatEvent): PortRange | null {
  const { at, size } = event.outside;
  if (size === 0) return null;
  const address = addressText(event.bytes, at, size);
  const low = portOf(event.outsideLow);
  const high = low === null ? null : portOf(event.outsideHigh);
  if (low === null || high === null) return { address, low: null, high: null, step: 1 };
  // A step beyond the block's end reaches its first port only: the bound keeps the number small.
  const step = low === high ? 1 : Math.min(event.outsideStep, 65_535);
  return { address, low, high, step };
}

function endpointOf(bytes: Buffer, { at, size }: AddressPlace, port: number): Endpoint | null {
  return size === 0 ? null : { address: addressText(bytes, at, size), port: portOf(port) };
}

const portOf = (port: number): Port | null => (port >= 1 && port <= 65_535 ? (port as Port) : null);

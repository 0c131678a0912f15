import { addressText } from '../../../src/collectors/address-text.ts';
import { Decoder } from '../../../src/collectors/ipfix/decoder.ts';
import type { Dialect } from '../../../src/collectors/ipfix/dialects.ts';
import type { AddressPlace, NatEvent } from '../../../src/collectors/ipfix/nat-event.ts';

/** An event as a text, so that a table of expectations can be read: `create 6 10.0.0.1:2 > 192.0.2.1:3-4 @time`. */
export function eventText(event: NatEvent): string {
  const address = ({ at, size }: AddressPlace, bytes = event.bytes): string =>
    size === 0 ? '-' : addressText(bytes, at, size);
  const ports =
    event.outsideLow === event.outsideHigh
      ? `${event.outsideLow}`
      : `${event.outsideLow}-${event.outsideHigh}`;
  const step = event.outsideStep === 1 ? '' : `/${event.outsideStep}`;
  return `${event.action} ${event.protocol} ${address(event.inside, event.insideBytes)}:${event.insidePort} > ${address(event.outside)}:${ports}${step}`;
}

export interface Heard {
  readonly decoder: Decoder;
  readonly events: string[];
  readonly dialects: Dialect[];
  readonly lost: number[];
  restarts: number;
}

/** A decoder whose events are kept as texts. */
export function listen(dialect: Dialect | null = null): Heard {
  const heard: Heard = {
    events: [],
    dialects: [],
    lost: [],
    restarts: 0,
    decoder: new Decoder({
      dialect,
      onEvent: (event, read) => {
        heard.events.push(eventText(event));
        heard.dialects.push(read);
      },
      onLost: (count) => heard.lost.push(count),
      onRestart: () => {
        heard.restarts += 1;
      },
    }),
  };
  return heard;
}

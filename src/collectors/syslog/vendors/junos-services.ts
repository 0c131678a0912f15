import type { ToldTranslation } from '../../feed.ts';
import { endpointOf, endpointWithPort, hexSeconds, protocolOf, rangeAt, rangeOf, told } from '../told.ts';
import type { Vendor } from '../vendor.ts';

/** `(FPC Slot 1, PIC Slot 0) 2026-11-26 09:30:00: {service set}[plugin]: `, of which each part may be missing. */
const ORIGIN =
  '^(?:\\(FPC Slot \\d{1,3}, PIC Slot \\d{1,3}\\) )?(?:\\d{4}-\\d\\d-\\d\\d \\d\\d: ?\\d\\d:\\d\\d:? )?' +
  '(?:[\\w.:-]{1,64} )?(?:\\{[^{}]{0,64}\\})?(?:\\[[\\w-]{1,32}\\]: ?)?';

/** `inside -> public:low-high`, of MS-MPC with the seconds of the allocation after it. */
const BLOCK = new RegExp(
  `${ORIGIN}(?:JSERVICES_|ASP_)?NAT_PORT_BLOCK_(ALLOC|RELEASE|ACTIVE): ?` +
    '(\\S{1,64}) -> (\\S{1,64}):(\\d{1,5})-(\\d{1,5})(?: (0x[0-9a-f]{1,16})\\b)?',
);
const BLOCK_EVENTS = { ALLOC: 'create', RELEASE: 'delete', ACTIVE: 'interim' } as const;

/** `inside [public] -> remote (UDP)`. */
const SESSION = new RegExp(`${ORIGIN}MSVCS_LOG_SESSION_(OPEN|CLOSE):`);
const SIDES = /\s(\S{1,64})(?: \[([^\]\s]{1,64})\])? -> (\S{1,64}) \((\S{1,16})\)/;

/** Sessions and port blocks of MX with service cards (MS-DPC, MS-MPC, MS-MIC). */
export const junosServices: Vendor = {
  name: 'junos-services',
  hint: /NAT_PORT_BLOCK_|MSVCS_LOG_SESSION_/,
  read: ({ text }) => {
    const block = BLOCK.exec(text);
    if (block !== null) return blockOf(block);
    const session = SESSION.exec(text);
    if (session === null) return null;
    return sessionOf(session[1] === 'OPEN' ? 'create' : 'delete', text.slice(session[0].length));
  },
};

function blockOf([, kind = '', insideText, address, low, high, epoch]: RegExpExecArray):
  | ToldTranslation[]
  | null {
  const inside = endpointOf(insideText);
  const outside = rangeOf(address, low, high);
  if (inside === null || outside === null || outside.low === null) return null;
  const event = BLOCK_EVENTS[kind as keyof typeof BLOCK_EVENTS];
  // Whether a release tells its own seconds or its allocation's is not documented: its line's time counts.
  return told({ event, inside, outside, timeMs: event === 'delete' ? null : hexSeconds(epoch) });
}

function sessionOf(event: 'create' | 'delete', text: string): ToldTranslation[] | null {
  const sides = SIDES.exec(text);
  if (sides === null) return null;
  const [, insideText, outsideText, remoteText, protocol] = sides;
  const inside = endpointWithPort(insideText);
  const remote = endpointWithPort(remoteText);
  if (inside === null || remote === null) return null;
  if (outsideText === undefined) return [];
  const outside = endpointWithPort(outsideText);
  if (outside === null) return null;
  return told({ event, inside, outside: rangeAt(outside), protocol: protocolOf(protocol), remote });
}

import type { ToldTranslation } from '../../feed.ts';
import { civilTime } from '../stamp.ts';
import { endpointOf, endpointWithPort, protocolOf, rangeAt, rangeOf, told } from '../told.ts';
import { LEAD, type Vendor } from '../vendor.ts';
import { readA10Cef } from './a10-cef.ts';

/** `NAT:20261126093000 3e2d PortBatchV2Allocated: [inside outside low high]`; several may lie in one message. */
const BATCH = /\bNAT:(\d{14}) [0-9a-f]{1,16} (\w{1,40}): \[([^\]]{1,200})\]/gi;
const BATCH_EVENTS: ReadonlyMap<string, 'create' | 'delete'> = new Map([
  ['PortBatchV2Allocated', 'create'],
  ['PortBatchV2Freed', 'delete'],
]);

const BATCHES = new RegExp(`${LEAD}NAT:\\d{14} `);
const MAPPING = new RegExp(`${LEAD}NAT-(\\w{1,8})-([CD]): ?(\\S.*)$`);
const ENDPOINT = '([0-9a-f.:[\\]]{3,64})';
/** `inside<-->outside to remote`. */
const MAPPED = new RegExp(`^${ENDPOINT}<-->${ENDPOINT}(?: to ${ENDPOINT})?$`, 'i');
/** `inside -> outside`; some releases put a blank before the port. */
const PLAIN = new RegExp(`^${ENDPOINT} -> ([0-9a-f.:[\\]]{3,64}) ?(\\d{0,5})$`, 'i');
/** The forward pair, then the reverse pair: the outside is what the reverse pair has besides the remote. */
const SESSION = new RegExp(`^${ENDPOINT}<-{1,2}>${ENDPOINT}, ?${ENDPOINT}<-{1,2}>${ENDPOINT}$`, 'i');

/** A10 Thunder CGN: port batches and mappings in its compact and its ASCII form, and CEF. */
export const a10: Vendor = {
  name: 'a10',
  hint: /\bNAT:\d{14} |\bNAT-[A-Z\d]{1,8}-[A-Z]: ?\S|\bCEF:\d\|A10\|[^|]{0,64}\|[^|]{0,64}\|CGN /,
  read: ({ text, zoneMinutes }) => {
    const mapping = MAPPING.exec(text);
    if (mapping !== null) return mappingOf(mapping);
    if (!BATCHES.test(text)) return readA10Cef(text);
    const found: ToldTranslation[] = [];
    let batches = 0;
    for (const batch of text.matchAll(BATCH)) {
      const translations = batchOf(batch, zoneMinutes);
      if (translations === null) return null;
      found.push(...translations);
      batches += 1;
    }
    // Else one of them is cut off, or of another form.
    return batches === text.split('NAT:').length - 1 ? found : null;
  },
};

function batchOf(
  [, stamp = '', kind = '', body = '']: RegExpExecArray,
  zone: number,
): ToldTranslation[] | null {
  const event = BATCH_EVENTS.get(kind);
  const fields = body.trim().split(/ +/);
  const inside = endpointOf(fields[0]);
  const outside = rangeOf(fields[1], fields[2], fields[3]);
  if (event === undefined || fields.length !== 4 || inside === null) return null;
  if (outside === null || outside.low === null) return null;
  return told({ event, inside, outside, timeMs: stampTime(stamp, zone) });
}

function stampTime(digits: string, zoneMinutes: number): number | null {
  const part = (from: number, to: number): number => Number(digits.slice(from, to));
  return civilTime(
    {
      year: part(0, 4),
      month: part(4, 6),
      day: part(6, 8),
      hour: part(8, 10),
      minute: part(10, 12),
      second: part(12, 14),
      ms: 0,
    },
    zoneMinutes,
  );
}

function mappingOf([, protocol, letter, tail = '']: RegExpExecArray): ToldTranslation[] | null {
  const sides = sidesOf(tail.trimEnd());
  const inside = endpointWithPort(sides?.inside);
  const outside = endpointWithPort(sides?.outside);
  const remote = sides?.remote === undefined ? null : endpointWithPort(sides.remote);
  if (inside === null || outside === null || (remote === null && sides?.remote !== undefined)) return null;
  const event = letter === 'C' ? 'create' : 'delete';
  return told({ event, inside, outside: rangeAt(outside), protocol: protocolOf(protocol), remote });
}

interface Sides {
  readonly inside: string | undefined;
  readonly outside: string | undefined;
  readonly remote: string | undefined;
}

function sidesOf(text: string): Sides | null {
  const mapped = MAPPED.exec(text);
  if (mapped !== null) return { inside: mapped[1], outside: mapped[2], remote: mapped[3] };
  const plain = PLAIN.exec(text);
  if (plain !== null) return { inside: plain[1], outside: `${plain[2]}${plain[3]}`, remote: undefined };
  const session = SESSION.exec(text);
  if (session === null) return null;
  const [, inside, remote, one, other] = session;
  if (one !== remote && other !== remote) return null;
  return { inside, outside: one === remote ? other : one, remote };
}

import { canonicalAddress, canonicalPort, type IpAddress } from '../../model/address.ts';
import { translatedSides, type Sides, type Tuple } from './tuples.ts';

/** A translation that Linux tells of: its beginning or its end. */
export interface ConntrackEvent extends Sides {
  readonly event: 'create' | 'delete';
  /** By the line's own stamp, ms since the epoch; null when it has none (`-o timestamp` makes them). */
  readonly timeMs: number | null;
  /** IANA's number. */
  readonly protocol: number;
  /** The kernel's number of the entry (`-o id`); null when it is not told. */
  readonly flow: number | null;
  /** The conntrack zone, which keeps realms apart; 0 is the usual one. */
  readonly zone: number;
}

/** Why a line tells of no translation. `update` and `identity` are usual, the others are faults. */
export type NoEvent = 'not-conntrack' | 'update' | 'identity' | 'no-address';

/** The longest line that is looked at, characters; real ones have under 300. */
const MOST_CHARACTERS = 2048;

const HEAD = /^(?:\[(\d{1,12})\.(\d{1,9})\]\s+)?\[(NEW|UPDATE|DESTROY)\]\s+(\S+)\s+(\d{1,3})\b(.*)$/;

/** A line that was cut off and another behind it, as they come when a writer died: its tuples are of two entries. */
const SECOND_HEAD = /\[(?:NEW|UPDATE|DESTROY)\]/;

/** Reads a line of `conntrack -E -o timestamp,id`. */
export function conntrackEvent(line: string): ConntrackEvent | NoEvent {
  if (line.length > MOST_CHARACTERS) return 'not-conntrack';
  const head = HEAD.exec(line);
  if (head === null) return 'not-conntrack';
  const [, seconds, fraction, kind, , protocol, rest = ''] = head;
  if (Number(protocol) > 255 || SECOND_HEAD.test(rest)) return 'not-conntrack';
  if (kind === 'UPDATE') return 'update';
  const tuples = tuplesIn(rest);
  if (tuples === null) return 'not-conntrack';
  const [original, reply] = tuples;
  if (original === undefined || reply === undefined) return 'no-address';
  const sides = translatedSides(original, reply);
  if (sides === null) return 'identity';
  return {
    event: kind === 'NEW' ? 'create' : 'delete',
    timeMs:
      seconds === undefined
        ? null
        : Number(seconds) * 1000 + Math.floor(Number(`0.${fraction ?? '0'}`) * 1000),
    protocol: Number(protocol),
    ...sides,
    flow: lastNumber(rest, ID, 2 ** 32),
    zone: lastNumber(rest, ZONE, 65_536) ?? 0,
  };
}

/** Each `src=` begins a tuple; null when an address is none. */
function tuplesIn(text: string): Tuple[] | null {
  const tuples: Tuple[] = [];
  for (const part of text.split(/\bsrc=/).slice(1, 3)) {
    const source = canonicalAddress(/^\S+/.exec(part)?.[0] ?? '');
    const destination = addressOf(part);
    if (source === null || destination === null) return null;
    tuples.push({
      source: { address: source, port: canonicalPort(word(part, 'sport') ?? '') },
      destination: { address: destination, port: canonicalPort(word(part, 'dport') ?? '') },
    });
  }
  return tuples;
}

const addressOf = (part: string): IpAddress | null => canonicalAddress(word(part, 'dst') ?? '');

const WORDS: Readonly<Record<string, RegExp>> = Object.fromEntries(
  ['dst', 'sport', 'dport'].map((name) => [name, new RegExp(`(?:^|\\s)${name}=(\\S+)`)]),
);

const word = (text: string, name: string): string | undefined => WORDS[name]?.exec(text)?.[1];

const ID = /(?:^|\s)id=(\d{1,10})(?=\s|$)/g;
const ZONE = /(?:^|\s)zone=(\d{1,5})(?=\s|$)/g;

/** The last one is the entry's: an ICMP tuple has an `id=` of its own. */
function lastNumber(text: string, pattern: RegExp, below: number): number | null {
  let last: number | null = null;
  for (const match of text.matchAll(pattern)) last = Number(match[1]);
  return last !== null && last < below ? last : null;
}

import { canonicalAddress } from '../../model/address.ts';
import { readStamp, type StampContext, type YearRule } from './stamp.ts';

/** What stands before the text of a syslog message. */
export interface SyslogHeader {
  /** PRI: facility * 8 + severity, 0 to 191; null when it is not told. */
  readonly priority: number | null;
  /** By the sender's clock, ms since the epoch; null when it is not told, or no such time exists. */
  readonly timeMs: number | null;
  readonly host: string | null;
  /** All that follows: of RFC 5424 also APP-NAME, PROCID, MSGID and the structured data. */
  readonly rest: string;
}

/** The longest line that is looked at, characters: what follows is cut off. */
export const MOST_CHARACTERS = 8192;

const PRIORITY = /^<(\d{1,3})>/;
const HIGHEST_PRIORITY = 191;
const VERSION = /^[1-9]\d{0,2} (?=[-\d])/;
const NIL = '-';
const HOST = /^[\w.:%-]{1,255}$/;

/**
 * Reads the header of a syslog line: RFC 5424, 6; RFC 3164, 4.1 with what devices make of it; or none, which leaves
 * everything in `rest`. `zoneMinutes` (east of UTC) counts for a stamp that names no zone, `years` for one without a year.
 */
export function readHeader(
  line: string,
  receivedMs: number,
  zoneMinutes: number,
  years: YearRule = 'nearest',
): SyslogHeader {
  const context: StampContext = { receivedMs, zoneMinutes, years };
  const cut = line.length > MOST_CHARACTERS ? line.slice(0, MOST_CHARACTERS) : line;
  const marked = PRIORITY.exec(cut);
  const value = marked === null ? HIGHEST_PRIORITY + 1 : Number(marked[1]);
  const priority = value <= HIGHEST_PRIORITY ? value : null;
  const text = cut.slice(marked?.[0].length ?? 0).trim();
  const versioned = afterVersion(text, context);
  if (versioned !== null) return { priority, ...versioned };
  const stamp = readStamp(text, context);
  if (stamp === null) return { priority, timeMs: null, host: null, rest: text };
  const { host, rest } = afterStamp(text.slice(stamp.length));
  // A relay puts its own header before the one it was sent: the exporter's time is the inner one.
  const inner = host === null ? null : afterVersion(rest, context);
  return { priority, ...(inner ?? { timeMs: stamp.timeMs, host, rest }) };
}

type Parts = Omit<SyslogHeader, 'priority'>;

/** `1 TIMESTAMP HOST rest`: RFC 5424, and Huawei's and IOS XR's way to write its time. */
function afterVersion(text: string, context: StampContext): Parts | null {
  const version = VERSION.exec(text);
  if (version === null) return null;
  const dated = text.slice(version[0].length);
  const stamp = dated.startsWith(`${NIL} `)
    ? { timeMs: null, length: NIL.length }
    : readStamp(dated, context);
  if (stamp === null) return null;
  const { word, rest } = firstWord(dated.slice(stamp.length).trimStart());
  return { timeMs: stamp.timeMs, host: isHost(word) ? word : null, rest };
}

/** The host is missing where a colon ends the stamp, where a `%` message follows, and where the first word is a tag. */
function afterStamp(text: string): Pick<Parts, 'host' | 'rest'> {
  if (text.startsWith(':')) return { host: null, rest: text.slice(1).trimStart() };
  const whole = text.trimStart();
  const { word, rest } = firstWord(whole);
  // `fw01: %ASA-...`: here the colon ends a host, everywhere else a tag.
  const named = word.endsWith(':') && rest.startsWith('%') ? word.slice(0, -1) : word;
  if (!isHost(named)) return { host: null, rest: named === '' ? rest : whole };
  return { host: named, rest: rest.replace(/^:\s*/, '') };
}

function firstWord(text: string): { readonly word: string; readonly rest: string } {
  const end = text.search(/\s/);
  if (end === -1) return { word: text, rest: '' };
  return { word: text.slice(0, end), rest: text.slice(end).trimStart() };
}

function isHost(word: string): boolean {
  if (word === NIL || word.startsWith('%') || !HOST.test(word)) return false;
  return !word.includes(':') || canonicalAddress(word) !== null;
}

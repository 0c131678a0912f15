import type { ToldTranslation } from '../feed.ts';

/** A line that a vendor is asked about. */
export interface SyslogLine {
  /** PRI, 0 to 191. */
  readonly priority: number | null;
  /** Of the header, ms since the epoch. */
  readonly timeMs: number | null;
  readonly host: string | null;
  /** All after the header, at most 8192 characters: of RFC 5424 also APP-NAME, PROCID, MSGID, structured data. */
  readonly text: string;
  /** The source's zone, minutes east of UTC: for times that name none. */
  readonly zoneMinutes: number;
}

/**
 * What may stand before the message itself: NILVALUEs and at most two words, such as a tag. A line is one of a vendor
 * only by what it begins with: further on there may be what a stranger chose, such as the name of a failed login, and
 * it must not pass for a translation. The beginning of a regular expression.
 */
export const LEAD = '^(?:- ){0,4}(?:[^\\s-]\\S{0,63} (?:- ){0,2}){0,2}\\uFEFF?';

/** How one vendor's devices tell of translations in syslog. A new one takes a file in vendors/ and a line in its list. */
export interface Vendor {
  readonly name: string;
  /** A cheap test whether the line may be NAT logging of this vendor. It must be linear, whatever the line. */
  readonly hint: RegExp;
  /** Events, [] for a line that is known and tells of no translation, null for one that is not understood. */
  readonly read: (line: SyslogLine) => readonly ToldTranslation[] | null;
}

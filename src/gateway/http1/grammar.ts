/** What both parsers accept (RFC 9110, 5; RFC 9112). Text is latin1: one character a byte. */

/**
 * Header lines, each ended by CRLF: a token, a colon without a blank before it, a value of visible characters, blanks,
 * tabs and bytes from 0x80 on. No folded line, no bare CR or LF, no control character.
 */
export const FIELD_LINES = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;

/** RFC 9110, 8.6: digits; fifteen of them stay below 2^53. */
export const LENGTH = /^\d{1,15}$/;

const SPACE = 0x20;
const TAB = 0x09;

/** Walks header lines that FIELD_LINES accepts; names and trimmed values in turn. */
export function splitFields(text: string): string[] {
  const fields: string[] = [];
  for (let at = 0; at < text.length;) {
    const colon = text.indexOf(':', at);
    const end = text.indexOf('\r\n', colon);
    let from = colon + 1;
    let to = end;
    while (from < to && isBlank(text.charCodeAt(from))) from += 1;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
    fields.push(text.slice(at, colon), text.slice(from, to));
    at = end + 2;
  }
  return fields;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

const CR = 0x0d;
const LF = 0x0a;

/** Whether a line feed from `from` on has no carriage return before it: such bytes can never become a good head. */
export function hasBareLineFeed(data: Buffer, from: number): boolean {
  for (let at = data.indexOf(LF, from); at !== -1; at = data.indexOf(LF, at + 1))
    if (at === 0 || data[at - 1] !== CR) return true;
  return false;
}

/** The longest sample, characters. */
const MOST_CHARACTERS = 200;
/** So much of a line is looked at: quoted values fall away. */
const LOOKED_AT = 1000;

/** What may be an IPv6 address, or one of Ethernet: digits alone are masked anyhow. */
const HEX_WORDS = /[0-9a-fA-F:]+/g;

/**
 * A line as operators may see it, so that its format can be told: every digit is 0, an IPv6 address is `::`, what stands in quotes, in angle
 * brackets (RouterOS: a subscriber's interface) or after a backslash (ASA: a user) is left out.
 */
export function maskedSample(line: string): string {
  return line
    .slice(0, LOOKED_AT)
    .replace(/"[^"]*(?:"|$)/g, '""')
    .replace(/'[^']*(?:'|$)/g, "''")
    .replace(/<[^<>]*(?:>|$)/g, '<>')
    .replace(/\\[^\s()]+/g, '\\')
    .replace(HEX_WORDS, (word) => (word.split(':').length > 2 && /[a-f]/i.test(word) ? '::' : word))
    .replace(/\S*@\S*/g, '@')
    .replace(/\b[0-9a-f]{2,4}(?:[-.][0-9a-f]{2,4}){2,}\b/gi, (word) => (/[a-f]/i.test(word) ? '' : word))
    .replace(/\p{Nd}/gu, '0')
    .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
    .slice(0, MOST_CHARACTERS);
}

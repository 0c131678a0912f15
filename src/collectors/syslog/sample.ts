/** The longest sample, characters. */
const MOST_CHARACTERS = 200;
/** So much of a line is looked at: quoted values fall away. */
const LOOKED_AT = 1000;

/**
 * A line as operators may see it, so that its format can be told: every digit is 0, what stands in quotes, in angle
 * brackets (RouterOS: a subscriber's interface) or after a backslash (ASA: a user) is left out.
 */
export function maskedSample(line: string): string {
  return line
    .slice(0, LOOKED_AT)
    .replace(/"[^"]*(?:"|$)/g, '""')
    .replace(/'[^']*(?:'|$)/g, "''")
    .replace(/<[^<>]*(?:>|$)/g, '<>')
    .replace(/\\[^\s()]+/g, '\\')
    .replace(/\p{Nd}/gu, '0')
    .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/gu, '?')
    .slice(0, MOST_CHARACTERS);
}

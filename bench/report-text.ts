import type { Spread } from './statistics.ts';

/** Three figures or so; NaN is a dash. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  return size >= 100 ? value.toFixed(0) : value.toFixed(size >= 10 ? 1 : 2);
}

/** `median (least-greatest)`, or the median alone of a single round. */
export function shown(value: Spread | null): string {
  if (value === null) return '-';
  const { median, min, max } = value;
  const dash = min < 0 ? ' to ' : '-';
  return min === max ? number(median) : `${number(median)} (${number(min)}${dash}${number(max)})`;
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Fit for a cell of a table. */
export function oneLine(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
  return line.length > length ? `${line.slice(0, length)}...` : line;
}

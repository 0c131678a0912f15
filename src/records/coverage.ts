import type { CoverageRecord, Gap, LifecycleRecord, Window } from '../model/records.ts';
import { DAY_MS, dayStart, overlaps, type Day, type Millis } from '../model/time.ts';
import type { GapRecord } from '../model/translations.ts';

export interface CoverageFacts {
  readonly coverage: readonly CoverageRecord[];
  readonly lifecycle: readonly LifecycleRecord[];
  /** What the source knows to have lost while it recorded. */
  readonly losses: readonly GapRecord[];
  /** Days of which a partition was set aside as damaged. */
  readonly damaged: readonly Day[];
  /** Up to when a running recorder vouches beyond its last stored stretch; null when none runs. */
  readonly liveUntil: Millis | null;
  /** How far behind the last stored stretch may be for that; null: as far as it is. */
  readonly liveWithinMs: number | null;
  readonly now: Millis;
}

/**
 * The stretches of the window that no coverage fills, each with its reason, and those in which something was lost.
 * A running recorder vouches from its last stored stretch up to now: it would have stopped if it could not store.
 */
export function gapsIn(source: string, window: Window, facts: CoverageFacts): Gap[] {
  const stretches = stretchesOf(source, facts);
  const gaps: Gap[] = [];
  let covered: number = window.from;
  for (const stretch of stretches) {
    if (stretch.to < covered) continue;
    if (stretch.from > window.to) break;
    if (stretch.from > covered)
      gaps.push(...explain(source, covered, Math.min(stretch.from, window.to), facts));
    covered = Math.max(covered, stretch.to);
    if (covered >= window.to) break;
  }
  const touched = stretches.some((stretch) => stretch.from <= window.to && stretch.to >= window.to);
  if (covered < window.to || !touched) gaps.push(...explain(source, covered, window.to, facts));
  for (const { from, to, reason, source: of } of facts.losses)
    if (of === source && overlaps({ from, to }, window.from, window.to))
      gaps.push({ source, from, to, reason });
  return gaps;
}

/** Of something that was there at a time, though its beginning was not told. */
export interface Since {
  /** It cannot have begun later: a beginning since then would have been told. */
  readonly surely: Millis;
  /** It may have begun as early, and not been told because it was lost, or because nobody listened yet. */
  readonly perhaps: Millis;
}

/** Nothing is taken to have been there for longer than this before its only sign. */
export const SIGN_MS = 8 * DAY_MS;

/**
 * Since when the source has listened without a break up to `at` (`perhaps`), and without a loss (`surely`); both are
 * `at` itself when it does not vouch for that moment.
 */
export function vouchedSince(source: string, at: Millis, facts: CoverageFacts): Since {
  let perhaps: number = at;
  for (const { from, to } of stretchesOf(source, facts).toReversed())
    if (from <= perhaps && to >= perhaps) perhaps = from;
  perhaps = Math.max(perhaps, at - SIGN_MS);
  let surely = perhaps;
  for (const loss of facts.losses)
    if (loss.source === source && loss.from < at) surely = Math.max(surely, Math.min(loss.to, at));
  return { surely: surely as Millis, perhaps: perhaps as Millis };
}

/** In the order of their beginning. */
function stretchesOf(source: string, facts: CoverageFacts): Window[] {
  const stretches: Window[] = facts.coverage.filter((item) => item.source === source);
  const last = stretches.reduce<Millis | null>(
    (latest, item) => (latest === null || item.to > latest ? item.to : latest),
    null,
  );
  if (last !== null && facts.liveUntil !== null && isLive(source, last, facts.liveUntil, facts))
    stretches.push({ from: last, to: facts.liveUntil });
  return stretches.sort((a, b) => a.from - b.from);
}

function isLive(
  source: string,
  last: Millis,
  until: Millis,
  { liveWithinMs, lifecycle }: CoverageFacts,
): boolean {
  if (liveWithinMs === null) return true;
  const latest = lifecycle.findLast((item) => item.source === source);
  return until - last <= liveWithinMs && latest?.event === 'start';
}

function explain(source: string, from: number, to: number, facts: CoverageFacts): Gap[] {
  const make = (start: number, end: number, reason: Gap['reason']): Gap => ({
    source,
    from: start as Millis,
    to: end as Millis,
    reason,
  });
  if (from >= facts.now && to > facts.now) return [make(from, to, 'not-yet')];
  if (to > facts.now) return [...explain(source, from, facts.now, facts), make(facts.now, to, 'not-yet')];
  if (facts.damaged.some((day) => dayStart(day) <= to && dayStart(day) + DAY_MS > from))
    return [make(from, to, 'damaged-partition')];
  const crashed = facts.lifecycle.some(
    (item) => item.source === source && item.event === 'crash' && item.at >= from - 1 && item.at <= to,
  );
  return [make(from, to, crashed ? 'crash' : 'not-running')];
}

import type { CoverageRecord, Gap, LifecycleRecord, Window } from '../model/records.ts';
import { DAY_MS, dayStart, type Day, type Millis } from '../model/time.ts';

export interface CoverageFacts {
  readonly coverage: readonly CoverageRecord[];
  readonly lifecycle: readonly LifecycleRecord[];
  /** Days of which a partition was set aside as damaged. */
  readonly damaged: readonly Day[];
  /** Up to when a running recorder vouches beyond its last stored stretch; null when none runs. */
  readonly liveUntil: Millis | null;
  readonly now: Millis;
}

/**
 * The stretches of the window that no coverage fills, each with its reason.
 * A running recorder vouches from its last stored stretch up to now: it would have stopped if it could not store.
 */
export function gapsIn(source: string, window: Window, facts: CoverageFacts): Gap[] {
  const own = facts.coverage.filter((item) => item.source === source).sort((a, b) => a.from - b.from);
  const stretches = own.map((item) => ({ from: item.from, to: item.to }));
  if (facts.liveUntil !== null) {
    const last = own.reduce<Millis | null>(
      (latest, item) => (latest === null || item.to > latest ? item.to : latest),
      null,
    );
    if (last !== null) stretches.push({ from: last, to: facts.liveUntil });
  }
  stretches.sort((a, b) => a.from - b.from);
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
  return gaps;
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

import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Millis } from '../../src/model/time.ts';
import { MergedCoverage, type Voucher } from '../../src/records/merged-coverage.ts';

const END = 120;
const step = fc.record({
  wait: fc.nat(6),
  what: fc.constantFrom('join', 'vouch', 'vouch', 'vouch', 'leave', 'lose'),
  pick: fc.nat(20),
  back: fc.nat(8),
});

it('covers a moment exactly when every worker that was there has vouched for it or has left in order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const merged = new MergedCoverage(0 as Millis);
      const lives: { voucher: Voucher; from: number; vouched: number; to: number | null; lost: boolean }[] =
        [];
      const covered = new Set<number>();
      let now = 0;
      const advance = (): void => {
        for (const { from, to } of merged.advance(now as Millis))
          for (let moment: number = from; moment < to; moment += 1) {
            expect(covered.has(moment)).toBe(false);
            covered.add(moment);
          }
      };
      for (const { wait, what, pick, back } of steps) {
        now = Math.min(END, now + wait);
        const alive = lives.filter(({ to }) => to === null);
        const one = alive[pick % Math.max(1, alive.length)];
        if (what === 'join') {
          advance();
          const voucher = merged.join(now as Millis);
          lives.push({ voucher, from: now, vouched: now, to: null, lost: false });
        } else if (one === undefined) continue;
        else if (what === 'vouch') {
          one.vouched = Math.max(one.vouched, now - back);
          merged.vouch(one.voucher, (now - back) as Millis, now as Millis);
        } else {
          one.to = now;
          one.lost = what === 'lose';
          if (one.lost) expect(merged.lose(one.voucher, now as Millis)).toBe(one.vouched);
          else merged.leave(one.voucher);
        }
        advance();
      }
      advance();
      const least = Math.min(now, ...lives.filter(({ to }) => to === null).map(({ vouched }) => vouched));
      for (let moment = 0; moment < now; moment += 1) {
        const lost = lives.some((life) => life.lost && moment >= life.vouched && moment < (life.to ?? now));
        expect(covered.has(moment), `moment ${moment}`).toBe(moment < least && !lost);
      }
    }),
    { numRuns: 1000 },
  );
});

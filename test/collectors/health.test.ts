import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradeOf, Rate, type HealthFacts } from '../../src/collectors/health.ts';
import { SEEDED } from '../support/seed.ts';

const GOOD: HealthFacts = {
  nowMs: 100_000,
  sinceMs: 0,
  lastRecordMs: 95_000,
  silentAfterMs: 10_000,
  isRunning: true,
  records: 10,
  tellsTranslations: true,
  translations: 8,
  withPort: 5,
};

describe('the grade of a source', () => {
  it.each<[string, Partial<HealthFacts>, string]>([
    ['all is told', {}, 'ok'],
    ['its last record is old', { lastRecordMs: 89_999 }, 'silent'],
    ['its last record is just young enough', { lastRecordMs: 90_000 }, 'ok'],
    ['nothing runs that could tell', { silentAfterMs: null, isRunning: false }, 'silent'],
    ['it may be silent', { lastRecordMs: 0, silentAfterMs: null }, 'ok'],
    ['it never sent', { lastRecordMs: null, records: 0, translations: 0, withPort: 0 }, 'silent'],
    ['it has only begun', { sinceMs: 95_000, lastRecordMs: null, records: 0, translations: 0 }, 'ok'],
    ['no template can tell', { tellsTranslations: false, translations: 0, withPort: 0 }, 'no-nat-fields'],
    ['no template can tell any more', { tellsTranslations: false }, 'ok'],
    ['its templates can tell, but it does not', { translations: 0, withPort: 0 }, 'no-translation'],
    ['its lines tell none', { tellsTranslations: null, translations: 0, withPort: 0 }, 'no-translation'],
    ['no port', { withPort: 0 }, 'no-port'],
    ['one port', { withPort: 1 }, 'ok'],
    [
      'silent counts before all else',
      { lastRecordMs: 0, tellsTranslations: false, translations: 0 },
      'silent',
    ],
  ])('%s: %o is %s', (_name, facts, grade) => {
    expect(gradeOf({ ...GOOD, ...facts })).toBe(grade);
  });
});

describe('the rate', () => {
  it('is what came in the last 60 seconds', () => {
    const step = fc.tuple(fc.nat(20_000), fc.nat(50));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(90_000), (steps, wait) => {
        const rate = new Rate();
        const events: { second: number; count: number }[] = [];
        let now = 1_750_000_000_000;
        for (const [passed, count] of steps) {
          now += passed;
          rate.count(now, count);
          events.push({ second: Math.floor(now / 1000), count });
        }
        const at = Math.floor((now + wait) / 1000);
        const sum = events.reduce((all, { second, count }) => all + (at - second < 60 ? count : 0), 0);
        expect(rate.perSecond(now + wait)).toBeCloseTo(sum / 60, 9);
      }),
      SEEDED,
    );
  });

  it('goes on when the clock is set', () => {
    const rate = new Rate();
    const now = 1_750_000_000_000;
    rate.count(now, 60);
    rate.count(now - 5000, 60);
    expect(rate.perSecond(now)).toBe(2);
    rate.count(now - 3_600_000, 60);
    expect(rate.perSecond(now - 3_600_000)).toBe(1);
  });
});

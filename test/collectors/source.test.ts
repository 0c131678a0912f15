import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../../src/model/time.ts';
import { at, endpoint, NOON, plus } from '../records/items.ts';
import { message, NAME, openWorld, told } from './recorded-world.ts';

const MIDNIGHT = at('2026-11-21T00:00:00.000Z');
const WEEK = 7 * DAY_MS;
const around = { from: plus(NOON, -DAY_MS), to: plus(NOON, 5 * DAY_MS) };

describe('what a message tells', () => {
  it('becomes a message row and a row for each translation, with its place and the digest of the original', async () => {
    const { source, rows } = openWorld();
    const translations = [told(), told({ event: 'delete', timeMs: NOON - 5, flow: 7 })];
    expect(await source.take(message(translations, { original: 'abc' }))).toBe(true);
    expect(rows('message')).toEqual([
      {
        type: 'message',
        id: rows('message')[0]?.id,
        source: NAME,
        dialect: 'ipfix:rfc8158',
        digest: createHash('sha256').update('abc').digest('hex'),
        at: NOON - 5,
        received: NOON,
        offsetMs: 0,
        clockErrorMs: null,
      },
    ]);
    const { inside, outside } = told();
    const common = {
      type: 'translation',
      message: rows('message')[0]?.id,
      source: NAME,
      realm: '',
      protocol: 6,
    };
    expect(rows('translation')).toEqual([
      {
        ...common,
        place: 0,
        event: 'create',
        inside,
        outside,
        remote: null,
        flow: null,
        at: NOON,
        until: null,
      },
      {
        ...common,
        place: 1,
        event: 'delete',
        inside,
        outside,
        remote: null,
        flow: 7,
        at: NOON - 5,
        until: null,
      },
    ]);
    expect(source.counts).toMatchObject({ messages: 1, translations: 2, withPort: 2, dropped: 0 });
    expect([...source.dialects]).toEqual(['ipfix:rfc8158']);
  });

  it('lies on the days of its events: one message row a day, all of one number', async () => {
    const { source, rows } = openWorld({}, plus(MIDNIGHT, 2000));
    const translations = [
      told({ timeMs: MIDNIGHT - 10 }),
      told({ timeMs: MIDNIGHT + 10 }),
      told({ timeMs: MIDNIGHT - 20 }),
      // A flow lies on the day of its end.
      told({ event: 'flow', timeMs: MIDNIGHT - 30, untilMs: MIDNIGHT + 5 }),
    ];
    await source.take(message(translations));
    const messages = rows('message');
    expect(messages.map((item) => item.at)).toEqual([MIDNIGHT - 20, MIDNIGHT]);
    expect(new Set(messages.map(({ id, digest }) => `${id} ${digest}`)).size).toBe(1);
    expect(rows('translation').map(({ place, at: time, until }) => [place, time - MIDNIGHT, until])).toEqual([
      [0, -10, null],
      [2, -20, null],
      [1, 10, null],
      [3, -30, MIDNIGHT + 5],
    ]);
    expect(new Set(rows('translation').map((item) => item.message))).toEqual(new Set([messages[0]?.id]));
  });

  it('an end that is told before its beginning is none, and an end of what is no flow is left out', async () => {
    const { source, rows } = openWorld({}, plus(MIDNIGHT, 2000));
    await source.take(
      message([
        told({ event: 'flow', timeMs: MIDNIGHT + 9, untilMs: MIDNIGHT - 9 }),
        told({ event: 'flow', timeMs: MIDNIGHT + 9, untilMs: null }),
        told({ timeMs: MIDNIGHT + 9, untilMs: MIDNIGHT - 9 }),
      ]),
    );
    expect(rows('message').map((item) => item.at)).toEqual([MIDNIGHT + 9]);
    expect(rows('translation').map(({ until }) => until)).toEqual([MIDNIGHT + 9, MIDNIGHT + 9, null]);
  });

  it('a message without a translation stores nothing: the source was heard', async () => {
    const { source, rows, to } = openWorld();
    const now = to(700);
    expect(await source.take(message([]))).toBe(true);
    expect([rows('message'), rows('translation')]).toEqual([[], []]);
    expect([source.heard, source.counts.messages, source.dialects.size]).toEqual([now, 1, 0]);
  });

  it('two messages have two numbers; the same one twice counts once', async () => {
    const { source, rows, reader } = openWorld();
    const twice = message([told()]);
    await source.take(twice);
    await source.take(twice);
    expect(new Set(rows('message').map(({ id }) => id)).size).toBe(2);
    const found = await reader.translations('outside', endpoint('192.0.2.1', null).address, null, around, 10);
    expect(found.total).toBe(1);
  });

  it('counts translations with a port: an address alone has none, a delete of the inside alone does not matter', async () => {
    const { source } = openWorld();
    const alone = { ...told(), outside: { address: told().inside.address, low: null, high: null, step: 1 } };
    await source.take(message([alone]));
    expect(source.counts).toMatchObject({ translations: 1, withPort: 0 });
    await source.take(message([told({ event: 'delete', outside: null }), told()]));
    expect(source.counts).toMatchObject({ translations: 3, withPort: 2 });
  });
});

describe('realms and remotes', () => {
  for (const [configured, said, kept] of [
    ['', '', ''],
    ['', 'vrf:7', 'vrf:7'],
    ['east', '', 'east'],
    ['east', 'vrf:7', 'east/vrf:7'],
  ] as const)
    it(`realm '${configured}' and '${said}' is '${kept}'`, async () => {
      const { source, rows } = openWorld({ realm: configured });
      await source.take(message([told({ realm: said })]));
      expect(rows('translation').map(({ realm }) => realm)).toEqual([kept]);
    });

  it("a remote is kept for the operator's own services only; that there was another one is known", async () => {
    const { source, rows } = openWorld();
    const own = endpoint('192.0.2.80', 443);
    const remotes = [own, endpoint('203.0.113.99', 443), null];
    await source.take(message(remotes.map((remote) => told({ remote }))));
    expect(rows('translation').map(({ remote }) => remote)).toEqual([own, 'elsewhere', null]);
    expect(JSON.stringify([rows('message'), rows('translation')])).not.toContain('203.0.113.99');
  });
});

describe('times', () => {
  it("are by our clock: the exporter's is an hour ahead, and the error is stored", async () => {
    const { source, rows, to } = openWorld();
    const says = (ms: number): Promise<boolean> => {
      to(ms);
      const sentMs = NOON + ms + 3_600_000;
      return source.take(message([told({ timeMs: sentMs - 2000 }), told({ timeMs: null })], { sentMs }));
    };
    for (let ms = 0; ms <= 10_000; ms += 2000) await says(ms);
    // Perhaps the first ones were held up: the error says so, until enough have come.
    expect(rows('message')[0]).toMatchObject({ offsetMs: -3_600_500, clockErrorMs: 60_000, received: NOON });
    // Heads have whole seconds: the offset is known to half of one.
    expect(rows('message').at(-1)).toMatchObject({ offsetMs: -3_600_500, clockErrorMs: 500 });
    expect(
      rows('translation')
        .map((item) => item.at)
        .slice(0, 2),
    ).toEqual([NOON - 2500, NOON - 500]);
  });

  it('without any in it a message counts when it came', async () => {
    const { source, rows } = openWorld();
    await source.take(message([told({ timeMs: null })]));
    expect(rows('translation')[0]?.at).toBe(NOON);
  });

  const refusals: readonly [string, number, number][] = [
    ['a week late is taken', NOON - WEEK, 1],
    ['more than a week late is not', NOON - WEEK - 1, 0],
    ['a minute early is taken', NOON + 60_000, 1],
    ['more than a minute early is not', NOON + 60_001, 0],
    ['no number is none', Number.NaN, 0],
    ['beyond all numbers is none', Number.MAX_VALUE, 0],
    ['before 1970 is none', -1, 0],
  ];
  for (const [what, timeMs, stored] of refusals)
    it(what, async () => {
      const { source, rows } = openWorld();
      await source.take(message([told({ timeMs })]));
      expect(rows('translation')).toHaveLength(stored);
      expect(rows('message')).toHaveLength(stored);
      expect(source.rejections.counts()).toEqual(stored === 1 ? {} : { time: 1 });
      expect(source.counts.translations).toBe(stored);
    });

  it('one of a message that is refused leaves the places of the others as they are', async () => {
    const { source, rows } = openWorld();
    await source.take(
      message([
        told({ timeMs: NOON - WEEK - 1 }),
        told(),
        told({ event: 'flow', untilMs: NOON + DAY_MS }),
        told(),
      ]),
    );
    expect(rows('translation').map(({ place }) => place)).toEqual([1, 3]);
    expect(source.rejections.counts()).toEqual({ time: 2 });
  });

  it('what retention has deleted does not come back; a file may tell of what is long past', async () => {
    const retainedFrom = plus(NOON, -30 * DAY_MS);
    const { source, rows } = openWorld({ live: false, retainedFrom });
    await source.take(
      message([told({ timeMs: retainedFrom }), told({ timeMs: retainedFrom - 1 })], { sentMs: 1 }),
    );
    expect(rows('translation').map((item) => item.at)).toEqual([retainedFrom]);
    // Nor is its clock measured.
    expect(rows('message')[0]).toMatchObject({ offsetMs: 0, clockErrorMs: null });
    expect(source.rejections.counts()).toEqual({ time: 1 });
  });
});

describe('what is missing', () => {
  const gap = (reason: 'lost' | 'dropped', from: number, to: number, count: number) => ({
    type: 'gap',
    source: NAME,
    from: NOON + from,
    to: NOON + to,
    reason,
    count,
  });

  it('a refused append counts as dropped; the gap begins with the first event that it told of', async () => {
    const { source, rows, writer, to } = openWorld();
    writer.refuses = true;
    to(9000);
    expect(await source.take(message([told({ timeMs: NOON + 8000 }), told({ timeMs: NOON + 2000 })]))).toBe(
      false,
    );
    expect(source.counts).toMatchObject({ messages: 1, dropped: 1 });
    expect(rows('translation')).toEqual([]);
    expect(source.takeGaps()).toEqual([gap('dropped', 2000, 9000, 1)]);
    expect(source.takeGaps()).toEqual([]);
  });

  it('lost records are missing from what was last heard until now', async () => {
    const { source, to } = openWorld();
    await source.take(message([]));
    to(5000);
    source.lost(3);
    expect(source.counts.lost).toBe(3);
    expect(source.takeGaps()).toEqual([gap('lost', 0, 5000, 3)]);
  });

  it('before anything was heard the gap begins where it was opened; of a file it is not known when that was', () => {
    for (const [live, from] of [
      [true, 0],
      [false, 5000],
    ] as const) {
      const { source, to } = openWorld({ live });
      to(5000);
      source.lost(3);
      source.dropped(1);
      expect(source.takeGaps()).toEqual([gap('lost', from, 5000, 3), gap('dropped', from, 5000, 1)]);
    }
  });

  it('a clock that was set back makes no gap that ends before it begins', async () => {
    const { source, to } = openWorld();
    to(5000);
    await source.take(message([]));
    to(1000);
    source.lost(0);
    expect(source.takeGaps()).toEqual([gap('lost', 1000, 1000, 0)]);
  });

  it('drops of which only the time of counting is known begin with the count before', async () => {
    const { source, to } = openWorld();
    to(4999);
    await source.take(message([]));
    to(5000);
    source.dropped(7, NOON);
    expect(source.takeGaps()).toEqual([gap('dropped', 0, 5000, 7)]);
    expect(source.counts.dropped).toBe(7);
  });

  it('near gaps of one reason become one, others stay apart, and what could not be stored comes first again', async () => {
    const { source, to } = openWorld();
    for (const [ms, count] of [
      [0, 1],
      [1000, 2],
      [2001, 4],
    ] as const) {
      to(ms);
      source.hear(null);
      source.dropped(count);
    }
    source.lost(8);
    const kept = source.takeGaps();
    expect(kept).toEqual([
      gap('dropped', 0, 1000, 3),
      gap('dropped', 2001, 2001, 4),
      gap('lost', 2001, 2001, 8),
    ]);
    to(2500);
    source.hear(null);
    source.lost(16);
    source.keepGaps(kept);
    expect(source.takeGaps()).toEqual([...kept.slice(0, 2), gap('lost', 2001, 2500, 24)]);
  });

  it('waiting gaps have a bound: the last one grows, nothing is forgotten', () => {
    const { source, to } = openWorld();
    for (let index = 0; index < 1000; index += 1) {
      to(index * 10_000);
      source.hear(null);
      source.dropped(1);
    }
    const gaps = source.takeGaps();
    expect(gaps).toHaveLength(100);
    expect(gaps.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
    expect(gaps.at(-1)).toEqual(gap('dropped', 990_000, 9_990_000, 901));
  });

  it('tells when something first came since it was last asked', async () => {
    const { source, to } = openWorld();
    expect(source.takeFirstHeard()).toBeNull();
    for (const ms of [10, 20]) {
      to(ms);
      await source.take(message([]));
    }
    expect(source.takeFirstHeard()).toBe(NOON + 10);
    expect(source.takeFirstHeard()).toBeNull();
  });
});

describe('an exporter that begins anew', () => {
  it('ends what it held before, and nothing of what it tells from then on, which may be a little older', async () => {
    const { source, rows, reader, to } = openWorld();
    await source.take(message([told({ timeMs: NOON })]));
    to(9000);
    source.restarted();
    await source.take(message([told({ timeMs: NOON + 8500, inside: endpoint('100.64.0.2', 1000) })]));
    expect(source.counts.restarts).toBe(1);
    expect(rows('restart')).toEqual([{ type: 'restart', source: NAME, server: '', at: NOON + 1 }]);
    const { address } = endpoint('192.0.2.1', null);
    const { translations } = await reader.translations('outside', address, null, around, 10);
    expect(translations.map(({ inside, to: end, ended }) => [inside.address, end, ended])).toEqual([
      ['100.64.0.1', NOON + 1, 'restart'],
      ['100.64.0.2', null, null],
    ]);
    // What it held between its last word and this one nobody knows.
    expect(source.takeGaps()).toMatchObject([{ reason: 'lost', from: NOON, to: NOON + 9000, count: 0 }]);
  });

  it('before it was ever heard ends what was before the opening; one that cannot be stored is a gap', async () => {
    const { source, rows, writer, to } = openWorld();
    to(50);
    source.restarted();
    await Promise.resolve();
    expect(rows('restart').map((item) => item.at)).toEqual([NOON + 1]);
    writer.refuses = true;
    to(1050);
    source.restarted();
    await new Promise((resolve) => setImmediate(resolve));
    expect(source.counts).toMatchObject({ restarts: 2, dropped: 1 });
    expect(source.takeGaps().map(({ reason }) => reason)).toContain('dropped');
  });
});

it('restarts that follow each other at once leave a row a second and one gap', () => {
  const { source, rows, to } = openWorld();
  for (let ms = 0; ms < 3000; ms += 10) {
    to(ms);
    source.restarted();
    void source.take(message([]));
  }
  expect(rows('restart').map(({ at: time }) => time - NOON)).toEqual([0, 991, 1991]);
  expect(source.counts.restarts).toBe(300);
  expect(source.takeGaps()).toMatchObject([{ reason: 'lost', from: NOON, to: NOON + 2990 }]);
  // Our clock was set back.
  to(-5000);
  source.restarted();
  expect(rows('restart')).toHaveLength(4);
});

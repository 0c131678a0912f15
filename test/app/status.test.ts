import { describe, expect, it } from 'vitest';
import { statusReader, type RunningParts } from '../../src/app/status.ts';
import { Totals } from '../../src/app/totals.ts';

describe('totals of processes that are replaced', () => {
  it('are the sums, and never go down', () => {
    const totals = new Totals();
    expect(totals.of([{ rate: 100 }, { rate: 50, tls: 1 }], true)).toEqual({ rate: 150, tls: 1 });
    expect(totals.of([{ rate: 103 }, { rate: 50, tls: 1 }], true)).toEqual({ rate: 153, tls: 1 });
    // The first one died; its replacement has counted nothing yet.
    expect(totals.of([{}, { rate: 50, tls: 1 }], true)).toEqual({ rate: 153, tls: 1 });
    expect(totals.of([{ rate: 4 }, { rate: 50, tls: 1 }], true)).toEqual({ rate: 157, tls: 1 });
  });

  it('take nothing from an answer in which one is missing', () => {
    const totals = new Totals();
    totals.of([{ rate: 100 }, { rate: 50 }], true);
    expect(totals.of([{ rate: 50 }], false)).toEqual({ rate: 150 });
    expect(totals.of([{ rate: 101 }, { rate: 52 }], true)).toEqual({ rate: 153 });
  });

  it('are not mixed up by a kind that is called like a property of every object', () => {
    const counts = Object.fromEntries([['constructor', 2]]);
    expect(new Totals().of([counts, counts], true)).toEqual({ constructor: 4 });
  });
});

describe('the status', () => {
  const BEFORE: RunningParts = {
    recorder: { writer: { epoch: 0 } },
    workers: null,
    collectors: null,
    regions: { ageDays: () => 3.9 },
    clockErrorMs: null,
  };
  const NOTHING = {
    recording: false,
    workers: 0,
    connections: 0,
    claimedClients: 0,
    refusals: {},
    collectors: null,
    clockErrorMs: null,
    regionAgeDays: 3,
  };

  it('is told before the workers and the collectors have started', async () => {
    expect(await statusReader(() => BEFORE)()).toEqual(NOTHING);
  });

  it('sums what the workers say, and passes on what the collectors do', async () => {
    const collectors = { sources: [], listeners: [], unknownSenders: 2 };
    const worker = (connections: number, rate: number) => ({
      counts: { connections, direct: 1, claimed: 2 },
      refusals: { rate },
      recording: true,
    });
    let told = [worker(3, 10), worker(4, 1)];
    const read = statusReader(() => ({
      ...BEFORE,
      recorder: { writer: { epoch: 7 } },
      workers: { status: async () => told, pids: () => [11, 12] },
      collectors: { status: async () => collectors },
      clockErrorMs: 5,
    }));
    const whole = {
      ...NOTHING,
      recording: true,
      workers: 2,
      connections: 7,
      claimedClients: 4,
      refusals: { rate: 11 },
      collectors,
      clockErrorMs: 5,
    };
    expect(await read()).toEqual(whole);
    // One is too slow to answer: what it counted is not lost.
    told = [worker(4, 1)];
    expect(await read()).toEqual({ ...whole, workers: 1, connections: 4, claimedClients: 2 });
  });
});

import { expect, test } from 'vitest';
import { judgeBars } from '../../bench/bars.ts';
import type { Figures } from '../../bench/figures.ts';
import type { Cell } from '../../bench/types.ts';

const cell = (load: string, target: string, rounds: readonly (Figures | null)[]): Cell => ({
  load,
  target,
  rounds: rounds.map((figures) =>
    figures === null
      ? { kind: 'failed', error: 'it broke' }
      : { kind: 'measured', measurement: { generator: 'own', requests: 1, errors: 0, figures } },
  ),
});

const cpu = (load: string, target: string, rounds: readonly (number | null)[]): Cell =>
  cell(
    load,
    target,
    rounds.map((value) => (value === null ? null : { cpuMicrosPerRequest: value })),
  );

function judged(cells: readonly Cell[], what: string) {
  const found = judgeBars({ cells }).find((bar) => bar.what.startsWith(what));
  if (found === undefined) throw new Error(`no bar ${what}`);
  return found;
}

test('a ratio is taken within each round, and the median round decides', () => {
  // The machine was three times as slow in the second round; the medians of the two columns would say 30 / 50.
  const cells = [
    cpu('keep-alive', 'shudi', [20, 60, 30]),
    cpu('keep-alive', 'fastify-http-proxy', [50, 150, 50]),
  ];
  const { value, verdict } = judged(cells, 'keep-alive: CPU a request against @fastify/http-proxy');
  expect(value?.median).toBeCloseTo(0.4);
  expect(value?.max).toBeCloseTo(0.6);
  expect(verdict).toBe('aim met');
});

test('a round in which one side failed says nothing', () => {
  const cells = [cpu('keep-alive', 'shudi', [null, 60]), cpu('keep-alive', 'nginx', [10, 20])];
  expect(judged(cells, 'keep-alive: CPU a request against nginx').value?.median).toBe(3);
});

test('claimed clients are compared with the kept-alive load of the same round', () => {
  const cells = [cpu('claimed-clients', 'shudi', [30, 90]), cpu('keep-alive', 'shudi', [20, 60])];
  const { value, verdict } = judged(cells, 'claimed-clients');
  expect(value).toEqual({ median: 1.5, min: 1.5, max: 1.5 });
  expect(verdict).toBe('met');
});

test.each([
  [0.9, 'aim met'],
  [1.5, 'met'],
  [2.1, 'MISSED'],
] as const)('%d ms more is %s', (addedP99Ms, verdict) => {
  expect(judged([cell('half-load', 'shudi', [{ addedP99Ms }])], 'half-load').verdict).toBe(verdict);
});

test.each([
  [98, 'aim met'],
  [86, 'met'],
  [80, 'MISSED'],
] as const)('%d%% of the bare throughput is %s', (requestsPerSecond, verdict) => {
  const cells = [
    cell('badge', 'shudi', [{ requestsPerSecond }]),
    cell('badge', 'fastify-json', [{ requestsPerSecond: 100 }]),
  ];
  expect(judged(cells, 'badge').verdict).toBe(verdict);
});

test('what was not measured, or has nothing to be compared with, is not met', () => {
  expect(judgeBars({ cells: [] }).every(({ verdict }) => verdict === 'not measured')).toBe(true);
  expect(judged([cpu('new-connection', 'shudi', [50])], 'new-connection').verdict).toBe('not measured');
});

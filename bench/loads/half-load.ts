import path from 'node:path';
import { httpLoad } from '../generators/http-load.ts';
import { runForNumbers } from '../generators/run-generator.ts';
import { requireAnswers } from '../measure.ts';
import type { Load } from '../types.ts';
import { ORDINARY } from './needs.ts';

const SCRIPT = path.join(import.meta.dirname, '../generators/half-load.ts');
const PIECE_SECONDS = 1;
const SATURATION_SECONDS = 2;
const PRINTED = [
  'requests',
  'errors',
  'p50Ms',
  'p99Ms',
  'directP50Ms',
  'directP99Ms',
  'addedP50Ms',
  'addedP99Ms',
  'lateP99Ms',
] as const;

/** Pairs of pieces; odd, so that the median is one of them. */
const pairsIn = (seconds: number): number => Math.floor(seconds / PIECE_SECONDS / 2) | 1;

export const halfLoad: Load = {
  name: 'half-load',
  does: `each target at half the rate that saturated it (64 kept-alive connections, ${SATURATION_SECONDS} s), sent at a fixed schedule to it and to the service behind it, in turn, ${PIECE_SECONDS} s each; latency from the scheduled moment; what is added is the median difference within the pairs`,
  needs: ORDINARY,
  targets: ['shudi', 'fastify-http-proxy', 'nginx', 'haproxy'],
  columns: [
    'saturationPerSecond',
    'ratePerSecond',
    'p50Ms',
    'p99Ms',
    'directP50Ms',
    'directP99Ms',
    'addedP50Ms',
    'addedP99Ms',
    'lateP99Ms',
  ],
  compared: [],
  mostRounds: Infinity,
  lasts: ({ seconds, warmUpSeconds }) =>
    warmUpSeconds + SATURATION_SECONDS + PIECE_SECONDS * 2 * (pairsIn(seconds) + 1),

  measure: async (target, upstream, { seconds, warmUpSeconds }) => {
    const closed = {
      url: `${target.url}/`,
      connections: 64,
      connection: 'keep-alive',
      requests: 'same',
    } as const;
    await httpLoad({ ...closed, seconds: warmUpSeconds });
    const burst = await httpLoad({ ...closed, seconds: SATURATION_SECONDS });
    requireAnswers(burst);
    const saturationPerSecond = burst.requests / burst.seconds;
    const ratePerSecond = Math.round(saturationPerSecond / 2);

    const pairs = pairsIn(seconds);
    const args = [SCRIPT, `${target.url}/`, `${upstream.url}/`, ratePerSecond, pairs, PIECE_SECONDS].map(
      String,
    );
    const lasts = PIECE_SECONDS * 2 * (pairs + 1);
    const { requests, errors, ...seen } = await runForNumbers(process.execPath, args, lasts, PRINTED);
    requireAnswers({ requests, errors });
    return {
      generator: 'own, open loop',
      requests,
      errors,
      figures: { ...seen, saturationPerSecond, ratePerSecond },
    };
  },
};

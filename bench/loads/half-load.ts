import { httpLoad, type HttpLoad } from '../generators/http-load.ts';
import { requireAnswers, type LoadResult } from '../measure.ts';
import { quantile } from '../statistics.ts';
import type { Load } from '../types.ts';
import { ORDINARY } from './needs.ts';

const PIECE_SECONDS = 2;
const SATURATION_SECONDS = 2;
const CONNECTIONS = 64;

/** Pairs of pieces; odd, so that the median is one of them. */
const pairsIn = (seconds: number): number => Math.ceil(seconds / PIECE_SECONDS / 2) | 1;

const middle = (pieces: readonly LoadResult[], of: (piece: LoadResult) => number): number =>
  quantile(pieces.map(of), 0.5);

export const halfLoad: Load = {
  name: 'half-load',
  does: `each target at about half the rate that saturated it (${CONNECTIONS} kept-alive connections, ${SATURATION_SECONDS} s): as many connections, each of which waits at random between its requests; to the target and to the service behind it in turn, ${PIECE_SECONDS} s each; what is added is the median difference within the pairs`,
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
  ],
  compared: [],
  mostRounds: Infinity,
  lasts: ({ seconds, warmUpSeconds }) =>
    warmUpSeconds + SATURATION_SECONDS + PIECE_SECONDS * 2 * pairsIn(seconds),

  measure: async (target, upstream, { seconds, warmUpSeconds }) => {
    const closed = { connections: CONNECTIONS, connection: 'keep-alive' } as const;
    const full: HttpLoad = { ...closed, url: `${target.url}/`, seconds: warmUpSeconds, requests: 'same' };
    await httpLoad(full);
    const burst = await httpLoad({ ...full, seconds: SATURATION_SECONDS });
    requireAnswers(burst);
    const saturationPerSecond = burst.requests / burst.seconds;
    const waitMs = Math.max(1, Math.round((CONNECTIONS * 2 * 1000) / saturationPerSecond));

    const through: LoadResult[] = [];
    const direct: LoadResult[] = [];
    const piece = async (url: string, into: LoadResult[]): Promise<void> => {
      const seen = await httpLoad({
        ...closed,
        url: `${url}/`,
        seconds: PIECE_SECONDS,
        requests: 'paced',
        waitMs,
      });
      requireAnswers(seen);
      into.push(seen);
    };
    for (let pair = 0; pair < pairsIn(seconds); pair += 1) {
      // The other one first every time.
      if (pair % 2 === 1) await piece(upstream.url, direct);
      await piece(target.url, through);
      if (pair % 2 === 0) await piece(upstream.url, direct);
    }
    const added = (of: (seen: LoadResult) => number): number =>
      quantile(
        through.map((seen, pair) => of(seen) - of(direct[pair] as LoadResult)),
        0.5,
      );
    return {
      generator: 'wrk',
      requests: through.reduce((sum, { requests }) => sum + requests, 0),
      errors: through.reduce((sum, { errors }) => sum + errors, 0),
      figures: {
        saturationPerSecond,
        ratePerSecond: middle(through, ({ requests, seconds: lasted }) => requests / lasted),
        p50Ms: middle(through, ({ p50Ms }) => p50Ms),
        p99Ms: middle(through, ({ p99Ms }) => p99Ms),
        directP50Ms: middle(direct, ({ p50Ms }) => p50Ms),
        directP99Ms: middle(direct, ({ p99Ms }) => p99Ms),
        addedP50Ms: added(({ p50Ms }) => p50Ms),
        addedP99Ms: added(({ p99Ms }) => p99Ms),
      },
    };
  },
};

import type { Figure } from './figures.ts';
import { cellOf, figure, ratio } from './results.ts';
import type { Results } from './results.ts';
import type { Spread } from './statistics.ts';

/** One cell of the run. */
interface Place {
  readonly load: string;
  readonly target: string;
}

/** A line that the gateway has to keep to. */
interface Bar {
  readonly what: string;
  readonly of: Place;
  readonly figure: Figure;
  /** The value is the ratio to this cell's, within each round; null: the value itself. */
  readonly against: Place | null;
  readonly unit: '' | 'ms' | 'MB';
  /** Whether more is better. */
  readonly atLeast: boolean;
  readonly bar: number;
  readonly aim: number | null;
}

export interface JudgedBar extends Pick<Bar, 'what' | 'unit' | 'atLeast' | 'bar' | 'aim'> {
  /** Null when it was not measured. */
  readonly value: Spread | null;
  readonly verdict: 'aim met' | 'met' | 'MISSED' | 'not measured';
}

const own = (load: string): Place => ({ load, target: 'shudi' });

const cpu = (what: string, load: string, against: Place, bar: number, aim: number): Bar => ({
  what,
  of: own(load),
  figure: 'cpuMicrosPerRequest',
  against,
  unit: '',
  atLeast: false,
  bar,
  aim,
});

const moved = (what: string, figure: Figure): Bar => ({
  what: `transfer: ${what}, throughput against nginx`,
  of: own('transfer'),
  figure,
  against: { load: 'transfer', target: 'nginx' },
  unit: '',
  atLeast: true,
  bar: 0.5,
  aim: null,
});

const BARS: readonly Bar[] = [
  cpu(
    'keep-alive: CPU a request against @fastify/http-proxy',
    'keep-alive',
    { load: 'keep-alive', target: 'fastify-http-proxy' },
    0.45,
    0.4,
  ),
  cpu(
    'keep-alive: CPU a request against nginx, same fields logged and geoip2',
    'keep-alive',
    { load: 'keep-alive', target: 'nginx' },
    2.3,
    2,
  ),
  cpu(
    'new-connection: CPU a request against nginx, likewise',
    'new-connection',
    { load: 'new-connection', target: 'nginx' },
    3,
    2.5,
  ),
  cpu(
    "claimed-clients: CPU a request against shudi's own keep-alive, first requests counted",
    'claimed-clients',
    own('keep-alive'),
    1.6,
    1.3,
  ),
  cpu('known-clients: the same, all clients seen before', 'known-clients', own('keep-alive'), 1.6, 1.3),
  {
    what: 'half-load: p99 added over going direct',
    of: own('half-load'),
    figure: 'addedP99Ms',
    against: null,
    unit: 'ms',
    atLeast: false,
    bar: 2,
    aim: 1,
  },
  {
    what: 'badge: requests/s against a bare Fastify JSON route',
    of: own('badge'),
    figure: 'requestsPerSecond',
    against: { load: 'badge', target: 'fastify-json' },
    unit: '',
    atLeast: true,
    bar: 0.85,
    aim: 0.95,
  },
  {
    what: 'idle: memory (PSS) with 10,000 idle connections',
    of: own('idle'),
    figure: 'pssAfterMB',
    against: null,
    unit: 'MB',
    atLeast: false,
    bar: 300,
    aim: null,
  },
  {
    what: 'transfer: more memory (PSS) than warm',
    of: own('transfer'),
    figure: 'extraPssMB',
    against: null,
    unit: 'MB',
    atLeast: false,
    bar: 64,
    aim: null,
  },
  moved('down, one connection', 'downOneMBps'),
  moved('up, one connection', 'upOneMBps'),
  moved('down, eight connections', 'downEightMBps'),
  moved('up, eight connections', 'upEightMBps'),
];

function verdict({ atLeast, bar, aim }: Bar, value: Spread | null): JudgedBar['verdict'] {
  if (value === null) return 'not measured';
  const keeps = (line: number): boolean => (atLeast ? value.median >= line : value.median <= line);
  if (aim !== null && keeps(aim)) return 'aim met';
  return keeps(bar) ? 'met' : 'MISSED';
}

/** Every bar with what a run measured; the median decides. */
export function judgeBars(results: Pick<Results, 'cells'>): readonly JudgedBar[] {
  return BARS.map((bar) => {
    const cell = cellOf(results, bar.of.load, bar.of.target);
    const base = bar.against === null ? null : cellOf(results, bar.against.load, bar.against.target);
    const measured = cell === null || (bar.against !== null && base === null) ? null : cell;
    const value =
      measured === null
        ? null
        : base === null
          ? figure(measured, bar.figure)
          : ratio(measured, base, bar.figure);
    const { what, unit, atLeast } = bar;
    return { what, unit, atLeast, bar: bar.bar, aim: bar.aim, value, verdict: verdict(bar, value) };
  });
}

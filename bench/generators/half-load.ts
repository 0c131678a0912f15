/**
 * Sends at one fixed rate to a target and to the service behind it, in turn, in pieces of a second or so.
 * `node half-load.ts TARGET DIRECT RATE PAIRS PIECE-SECONDS`
 */
import { quantile } from '../statistics.ts';
import { openLoop, type Piece } from './open-loop.ts';

const CONNECTIONS = 64;

const [, , target = '', direct = '', ...numbers] = process.argv;
const [rate = 0, pairs = 0, pieceSeconds = 0] = numbers.map(Number);

const loops = {
  target: openLoop(new URL(target), CONNECTIONS),
  direct: openLoop(new URL(direct), CONNECTIONS),
};
const pieces: Readonly<Record<'target' | 'direct', Piece[]>> = { target: [], direct: [] };

// Not counted: connections are opened and recorded, code is compiled.
await loops.direct.run(rate, pieceSeconds);
await loops.target.run(rate, pieceSeconds);
for (let pair = 0; pair < pairs; pair += 1) {
  // The other one first every time.
  const order = pair % 2 === 0 ? (['target', 'direct'] as const) : (['direct', 'target'] as const);
  for (const side of order) pieces[side].push(await loops[side].run(rate, pieceSeconds));
}
loops.target.close();
loops.direct.close();

type Side = keyof typeof pieces;
const median = (side: Side, figure: keyof Piece): number =>
  quantile(
    pieces[side].map((piece) => piece[figure]),
    0.5,
  );
/** The median of the differences within the pairs: what disturbs the machine for longer touches both halves. */
const added = (figure: keyof Piece): number =>
  quantile(
    pieces.target.map((piece, pair) => piece[figure] - (pieces.direct[pair]?.[figure] ?? Number.NaN)),
    0.5,
  );
const total = (side: Side, figure: keyof Piece): number =>
  pieces[side].reduce((sum, piece) => sum + piece[figure], 0);

const result = {
  requests: total('target', 'requests'),
  errors: total('target', 'errors') + total('direct', 'errors'),
  p50Ms: median('target', 'p50Ms'),
  p99Ms: median('target', 'p99Ms'),
  directP50Ms: median('direct', 'p50Ms'),
  directP99Ms: median('direct', 'p99Ms'),
  addedP50Ms: added('p50Ms'),
  addedP99Ms: added('p99Ms'),
  lateP99Ms: median('target', 'lateP99Ms'),
};
process.stdout.write(`${JSON.stringify(result)}\n`);

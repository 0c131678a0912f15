import type { ToldTranslation } from '../feed.ts';
import { ToldLines, type LineReader, type LineReaderOptions, type LineStatus } from './told-lines.ts';
import { ulogdFlow, type UlogdFlow } from './ulogd-line.ts';

const DIALECT = 'ulogd';

/** Reads the lines that ulogd2 writes as JSON of connection tracking (input NFCT); each is a message of its own. */
export class UlogdReader implements LineReader {
  readonly #told: ToldLines;

  constructor(options: LineReaderOptions) {
    this.#told = new ToldLines(options);
  }

  line(text: string): void {
    const flow = ulogdFlow(text);
    const message = { original: text, dialect: DIALECT };
    // No sample: its addresses are in quotes, among much else.
    if (flow === 'not-json' || flow === 'no-address') this.#told.reject(`ulogd-${flow}`);
    else if (typeof flow === 'string') this.#told.ignore(flow, message);
    else this.#told.take({ ...message, translations: toldBy(flow) });
  }

  settled(): Promise<void> {
    return this.#told.settled();
  }

  status(): LineStatus {
    return this.#told.status();
  }
}

/**
 * With its table of connections (`hash_enable`, its default) ulogd tells of an entry once, when it is destroyed, and of
 * both its times: that is a create and a delete. Where the create was told before it is the same one again, with the
 * same flow and time. A start behind the end is of a clock that was set: the end alone is told.
 */
function toldBy({
  startMs,
  endMs,
  ended,
  protocol,
  inside,
  outside,
  remote,
  flow,
}: UlogdFlow): ToldTranslation[] {
  const told = (event: 'create' | 'delete', timeMs: number | null): ToldTranslation => ({
    event,
    timeMs,
    untilMs: null,
    realm: '',
    protocol,
    inside,
    outside: { address: outside.address, low: outside.port, high: outside.port, step: 1 },
    remote,
    flow,
  });
  if (!ended) return [told('create', startMs)];
  const began = startMs !== null && (endMs === null || startMs <= endMs);
  return began ? [told('create', startMs), told('delete', endMs)] : [told('delete', endMs)];
}

import { maskedSample } from '../sample.ts';
import { conntrackEvent, type ConntrackEvent } from './conntrack-line.ts';
import { ToldLines, type LineReader, type LineReaderOptions, type LineStatus } from './told-lines.ts';

const DIALECT = 'conntrack';

/** Reads the lines of `conntrack -E -o timestamp,id`; each is a message of its own. */
export class ConntrackReader implements LineReader {
  readonly #told: ToldLines;

  constructor(options: LineReaderOptions) {
    this.#told = new ToldLines(options);
  }

  line(text: string): void {
    const event = conntrackEvent(text);
    const message = { original: text, dialect: DIALECT };
    if (event === 'not-conntrack' || event === 'no-address') this.#told.reject(event, maskedSample(text));
    else if (typeof event === 'string') this.#told.ignore(event, message);
    else this.#told.take({ ...message, translations: [toldBy(event)] });
  }

  settled(): Promise<void> {
    return this.#told.settled();
  }

  status(): LineStatus {
    return this.#told.status();
  }
}

function toldBy({ event, timeMs, protocol, inside, outside, remote, flow, zone }: ConntrackEvent) {
  return {
    event,
    timeMs,
    untilMs: null,
    realm: zone === 0 ? '' : `zone:${zone}`,
    protocol,
    inside,
    outside: { address: outside.address, low: outside.port, high: outside.port, step: 1 },
    remote,
    flow,
  };
}

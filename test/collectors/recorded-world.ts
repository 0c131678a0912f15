import { Source, type SourceOptions } from '../../src/collectors/source.ts';
import type { ToldMessage, ToldTranslation } from '../../src/collectors/feed.ts';
import { ShudiError } from '../../src/model/errors.ts';
import type { RecordItem, RecordReader, RecordWriter } from '../../src/model/records.ts';
import type { Clock, Millis } from '../../src/model/time.ts';
import { openMemoryRecords } from '../../src/records/memory.ts';
import { endpoint, NOON, plus } from '../records/items.ts';

export const NAME = 'nat-1';

type Of<Type extends RecordItem['type']> = Extract<RecordItem, { type: Type }>;

/** A memory engine's writer that can be told to refuse, or to be of another opening, as a recorder's may. */
export class SwitchedWriter implements RecordWriter {
  readonly #writer: RecordWriter;
  refuses = false;
  epoch: number;

  constructor(writer: RecordWriter) {
    this.#writer = writer;
    this.epoch = writer.epoch;
  }

  append(items: readonly RecordItem[]): Promise<void> {
    return this.refuses
      ? Promise.reject(new ShudiError('records.unavailable', 'Refused by the test.'))
      : this.#writer.append(items);
  }

  nextConnection(at: Millis): ReturnType<RecordWriter['nextConnection']> {
    return this.#writer.nextConnection(at);
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}

export interface World {
  readonly writer: SwitchedWriter;
  readonly reader: RecordReader;
  readonly source: Source;
  readonly clock: Clock;
  /** Sets our clock, ms after the start. */
  readonly to: (ms: number) => Millis;
  /** What is stored of the source, by type, in the order of storing. */
  readonly rows: <Type extends RecordItem['type']>(type: Type) => Of<Type>[];
}

/** A source whose rows go to a memory engine, by a clock that the test moves. */
export function openWorld(options: Partial<SourceOptions> = {}, start: Millis = NOON): World {
  let now = start;
  const clock: Clock = () => now;
  const store = { items: [] as RecordItem[] };
  const { writer: inner, reader } = openMemoryRecords(store, clock);
  const writer = new SwitchedWriter(inner);
  const source = new Source({
    name: NAME,
    realm: '',
    writer,
    clock,
    isOwn: (address) => address === '192.0.2.80',
    live: true,
    granularityMs: 1000,
    retainedFrom: null,
    ...options,
  });
  return {
    writer,
    reader,
    source,
    clock,
    to: (ms) => (now = plus(start, ms)),
    rows: (type) =>
      store.items.filter(
        (item): item is Of<typeof type> => item.type === type && 'source' in item && item.source === NAME,
      ),
  };
}

export const told = (changes: Partial<ToldTranslation> = {}): ToldTranslation => ({
  event: 'create',
  timeMs: NOON,
  untilMs: null,
  realm: '',
  protocol: 6,
  inside: endpoint('100.64.0.1', 40_000),
  outside: {
    ...endpoint('192.0.2.1', null),
    low: endpoint('', 50_000).port,
    high: endpoint('', 50_000).port,
    step: 1,
  },
  remote: null,
  flow: null,
  ...changes,
});

let messages = 0;

/** A message of its own; the time at which it was sent is not told unless the test says it. */
export const message = (
  translations: readonly ToldTranslation[],
  changes: Partial<ToldMessage> = {},
): ToldMessage => ({
  original: `message ${(messages += 1)}`,
  dialect: 'ipfix:rfc8158',
  sentMs: null,
  translations,
  ...changes,
});

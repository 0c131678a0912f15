import type { RecordReader, RecordWriter } from '../../src/model/records.ts';
import type { Clock, Millis } from '../../src/model/time.ts';
import { NOON } from './items.ts';

/** One run of a store. Each writer is a gateway worker's. */
export interface Run {
  readonly writer: RecordWriter;
  readonly reader: RecordReader;
  /** Another writer beside the first. */
  readonly another: () => Promise<RecordWriter>;
  /** A writer goes without `close`, as when its process is killed; resolves when that is stored. */
  readonly lose: (writer: RecordWriter) => Promise<void>;
}

/** One store under test: opened, closed and killed any number of times. */
export interface Engine {
  open(clock: Clock): Promise<Run>;
  /** Ends the run as a kill would: nothing more is written. */
  crash(): Promise<void>;
}

/** Opens an engine at a time that the test can move on. */
export async function openAt(make: () => Engine, start: Millis = NOON) {
  const engine = make();
  let now = start;
  const clock: Clock = () => now;
  const run = await engine.open(clock);
  return { engine, ...run, clock, to: (time: Millis) => (now = time) };
}

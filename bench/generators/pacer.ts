/**
 * Wakes another thread at a steady pace. Node's own timers count whole milliseconds; a thread that sleeps in
 * `Atomics.wait` wakes within some 0.05 ms of its time, and costs next to nothing.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads';

interface Pace {
  /** One number: the ticks so far. */
  readonly ticks: Int32Array<SharedArrayBuffer>;
  readonly everyMs: number;
}

/** Calls `onTick` about every `everyMs` until it returns false. */
export async function keepPace(everyMs: number, onTick: () => boolean): Promise<void> {
  const ticks = new Int32Array(new SharedArrayBuffer(4));
  const pace: Pace = { ticks, everyMs };
  const worker = new Worker(new URL(import.meta.url), { workerData: pace });
  let seen = 0;
  do {
    const tick = Atomics.waitAsync(ticks, 0, seen);
    if (tick.async) await tick.value;
    seen = Atomics.load(ticks, 0);
  } while (onTick());
  await worker.terminate();
}

function tickForEver({ ticks, everyMs }: Pace): never {
  const sleeping = new Int32Array(new SharedArrayBuffer(4));
  let next = performance.now();
  for (;;) {
    next += everyMs;
    const rest = next - performance.now();
    if (rest > 0) Atomics.wait(sleeping, 0, 0, rest);
    else next = performance.now();
    Atomics.add(ticks, 0, 1);
    Atomics.notify(ticks, 0);
  }
}

if (!isMainThread) tickForEver(workerData as Pace);

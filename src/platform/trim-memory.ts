import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How often it is looked, ms. */
const LOOK_MS = 5000;
/** A loop that is busy for less than this share is idle: nobody notices a pause. */
const IDLE = 0.02;
/** Garbage and slack worth a collection, bytes. */
const WORTH = 16 * 1024 * 1024;

/**
 * Gives memory back while the process idles. V8 collects when somebody allocates: after a burst of clients that then
 * only stay connected it would keep all that the burst took. Does not keep the process alive.
 */
export function trimMemoryWhenIdle(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let kept = 0;
  let before = performance.eventLoopUtilization();
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(now, before).utilization;
    before = now;
    const { total_heap_size: size, malloced_memory: outside } = getHeapStatistics();
    if (busy > IDLE || size + outside - kept < WORTH) return;
    collect();
    kept = getHeapStatistics().total_heap_size + outside;
  }, LOOK_MS).unref();
}

import { startScript } from './processes.ts';
import type { RunningTarget, StartOptions, Target, Upstream } from './types.ts';

/** Runs something against a started target with an upstream of its own, and stops both. */
export async function withTarget<T>(
  target: Target,
  options: StartOptions,
  use: (running: RunningTarget, upstream: Upstream) => Promise<T>,
): Promise<T> {
  const upstream = await startScript('servers/upstream.ts', []);
  try {
    const running = await target.start(upstream, options);
    try {
      return await use(running, upstream);
    } finally {
      await running.stop();
    }
  } finally {
    await upstream.stop();
  }
}

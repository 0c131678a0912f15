import type { Target } from '../types.ts';

/** No proxy: the load goes to the upstream itself, whose own cost is what is measured. */
export const direct: Target = {
  name: 'direct',
  does: 'no proxy; the figures are those of the upstream',
  available: () => Promise.resolve({ installed: true, version: `node ${process.versions.node}` }),
  start: ({ url, pid }) => Promise.resolve({ url, pid, stop: () => Promise.resolve() }),
};

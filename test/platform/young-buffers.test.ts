import { expect, it } from 'vitest';
import { countRead } from '../../src/platform/young-buffers.ts';

const PIECE = 65_536;
const MB = 1024 * 1024;

it('what was read and let go does not pile up', () => {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let piece = 0; piece < 4000; piece += 1) {
    Buffer.allocUnsafeSlow(PIECE);
    countRead(PIECE);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(most).toBeGreaterThan(4 * MB);
  // Swept beside: some may wait for that. Left to itself, V8 lets 86 MB pile up here.
  expect(most).toBeLessThan(64 * MB);
});

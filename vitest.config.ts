import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// As main.ts has it: threads and programs that tests start need not compile everything anew.
process.env['NODE_COMPILE_CACHE'] = fileURLToPath(new URL('node_modules/.cache/shudi', import.meta.url));

const long = process.env['SHUDI_LONG'] === '1';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: long ? 3_600_000 : 30_000,
    hookTimeout: 60_000,
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/closing-line-reporter.ts'],
  },
});

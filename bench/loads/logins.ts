import path from 'node:path';
import { runForNumbers } from '../generators/run-generator.ts';
import { timedLoad } from './timed.ts';

const SCRIPT = path.join(import.meta.dirname, '../generators/logins.ts');
const PRINTED = ['requests', 'seconds', 'p50Ms', 'p99Ms', 'errors', 'loginP50Ms', 'loginP99Ms'] as const;

export const logins = timedLoad({
  name: 'logins',
  does: '1,000 connections at once; each logs in, sends 4 GETs with its cookie, and is replaced by a new one',
  columns: [
    'cpuMicrosPerRequest',
    'requestsPerSecond',
    'p50Ms',
    'p99Ms',
    'loginP50Ms',
    'loginP99Ms',
    'peakMiB',
    'pssMiB',
    'acceptedPerRequest',
  ],
  run: async (url, seconds) => {
    const args = [SCRIPT, url, String(seconds)];
    const printed = await runForNumbers(process.execPath, args, seconds, PRINTED);
    const { loginP50Ms, loginP99Ms, ...result } = printed;
    return { generator: 'own', ...result, figures: { loginP50Ms, loginP99Ms } };
  },
});

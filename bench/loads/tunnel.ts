import path from 'node:path';
import { runGenerator } from '../generators/run-generator.ts';
import { timedLoad } from './timed.ts';

const SCRIPT = path.join(import.meta.dirname, '../generators/tunnels.ts');
const TUNNELS = 64;

export const tunnel = timedLoad({
  name: 'tunnel',
  does: `${TUNNELS} WebSocket tunnels, each sends 32 bytes, waits for the echo, and sends again; a "request" is a message and its echo`,
  targets: ['direct', 'shudi', 'nginx', 'haproxy', 'caddy'],
  run: (url, seconds) =>
    runGenerator('own', process.execPath, [SCRIPT, url, String(seconds), String(TUNNELS)], seconds),
});

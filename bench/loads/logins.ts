import path from 'node:path';
import { runGenerator } from '../generators/run-generator.ts';
import type { Load } from '../types.ts';
import { PROXIES } from './proxies.ts';

const SCRIPT = path.join(import.meta.dirname, '../generators/logins.ts');

export const logins: Load = {
  name: 'logins',
  does: '1,000 connections at once; each logs in, sends 4 GETs with its cookie, and is replaced by a new one',
  clients: 'direct',
  targets: PROXIES,
  run: (url, seconds) => runGenerator('own', process.execPath, [SCRIPT, url, String(seconds)], seconds),
};

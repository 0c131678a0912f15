import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { treeUsage } from '../../bench/process-tree.ts';
import { treeHold } from '../../bench/tree-memory.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Starts Node on a script and waits for its first line. */
async function started(script: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  stops.push(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child.pid ?? -1;
}

const BURN = 'const end = process.cpuUsage().user + 300_000; while (process.cpuUsage().user < end);';
const STAY = 'process.stdout.write("ready\\n"); process.stdin.resume();';
const child = (script: string): string =>
  `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(script)}]);`;

test('the CPU time of a child that has ended stays in the sum', async () => {
  const idle = await started(STAY);
  const burnt = await started(child(BURN) + STAY);
  expect(treeUsage(burnt).processes).toBe(1);
  expect(treeUsage(burnt).cpuMicros - treeUsage(idle).cpuMicros).toBeGreaterThan(250_000);
});

test('the same holds for the child of a child', async () => {
  const burnt = await started(child(child(BURN)) + STAY);
  expect(treeUsage(burnt).cpuMicros).toBeGreaterThan(300_000);
});

test('a living child counts with its time, memory and handles', async () => {
  const stays = `${BURN} process.stdin.resume(); process.stderr.write('');`;
  const parent = `
    const one = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stays + 'console.log(1);')}]);
    one.stdout.once('data', () => { ${STAY} });`;
  const pid = await started(parent);
  const [alone, both] = [await started(STAY), pid];
  expect(treeUsage(both).processes).toBe(2);
  expect(treeUsage(both).cpuMicros).toBeGreaterThan(300_000);
  expect(treeHold(both).processes).toBe(2);
  expect(treeHold(both).rss).toBeGreaterThan(treeHold(alone).rss * 1.5);
  expect(treeHold(both).handles).toBeGreaterThan(treeHold(alone).handles * 1.5);
});

test('what processes share is counted once in PSS and for each in RSS', async () => {
  await started(STAY);
  const { pss, rss } = treeHold(await started(STAY));
  expect(pss).toBeGreaterThan(0);
  expect(pss).toBeLessThan(rss);
});

test('a process that is gone is an error, not zero', () => {
  const pid = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
  expect(() => treeUsage(pid)).toThrow(/is gone/);
  expect(() => treeHold(pid)).toThrow(/is gone/);
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConntrackReader } from '../../../src/collectors/linux/conntrack.ts';
import { startConntrack, type LineSource } from '../../../src/collectors/linux/line-source.ts';
import type { LineReader } from '../../../src/collectors/linux/told-lines.ts';
import { conntrackLine } from './examples.ts';
import { RecordingFeed } from './recording-feed.ts';

const open: LineSource[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((source) => source.stop()));
});

/** A command that runs a script of Node's. */
function run(script: string, command: readonly [string, ...string[]] = [process.execPath, '-e', script]) {
  const feed = new RecordingFeed();
  const conntrack = new ConntrackReader({ feed });
  const lines: string[] = [];
  const reader: LineReader = {
    line: (text) => {
      lines.push(text);
      conntrack.line(text);
    },
    settled: () => conntrack.settled(),
    status: () => conntrack.status(),
  };
  const source = startConntrack({ mode: 'run', feed, reader, command });
  open.push(source);
  return { feed, source, lines };
}

const FOR_EVER = 'setInterval(() => {}, 1000);';
const print = (text: string): string => `process.stdout.write(${JSON.stringify(text)});`;
const ports = (feed: RecordingFeed) =>
  feed.messages.flatMap(({ translations }) => translations.map(({ inside }) => inside.port));
const PATIENT = { timeout: 10_000, interval: 5 };

describe('a command that is run for its lines', () => {
  it('is read while it runs, also a line that comes in two parts', async () => {
    const line = `${conntrackLine(40_001)}\n`;
    const { feed, source } = run(
      `${print(`${conntrackLine(40_000)}\n${line.slice(0, 50)}`)} setTimeout(() => { ${print(line.slice(50))} }, 50); ${FOR_EVER}`,
    );
    await vi.waitFor(() => expect(ports(feed)).toEqual([40_000, 40_001]), PATIENT);
    expect(source.running()).toBe(true);
    expect(source.fault()).toBe(null);
    expect(feed).toMatchObject({ losses: [], rejections: [] });
  });

  it('is told to speak English, and given nothing else', async () => {
    const { lines } = run(`console.log(JSON.stringify(process.env)); ${FOR_EVER}`);
    await vi.waitFor(() => expect(lines).toEqual(['{"LC_ALL":"C"}']), PATIENT);
  });

  it('is started again when it dies: lines are missing then, and one that was cut is left out', async () => {
    const { feed } = run(
      `${print(`${conntrackLine(40_000)}\n${conntrackLine(40_001)}`)} process.exitCode = 1;`,
    );
    await vi.waitFor(() => expect(ports(feed)).toEqual([40_000, 40_000, 40_000]), PATIENT);
    expect(feed.losses.every((count) => count === 0)).toBe(true);
    expect(feed.losses.length).toBeGreaterThanOrEqual(2);
    expect(new Set(feed.rejections)).toEqual(new Set(['line-cut 1']));
  });

  it('waits longer each time', async () => {
    const { lines, source } = run('process.stdout.write(`${Date.now()}\\n`); process.exitCode = 3;');
    const starts = (): number[] => lines.map(Number);
    await vi.waitFor(() => expect(starts().length).toBe(4), PATIENT);
    const [first = 0, second = 0, third = 0, fourth = 0] = starts();
    expect(second - first).toBeGreaterThanOrEqual(100);
    expect(third - second).toBeGreaterThanOrEqual(200);
    expect(fourth - third).toBeGreaterThanOrEqual(400);
    await vi.waitFor(() => expect(source.fault()).toBe('exit-3'), PATIENT);
  });

  it.each([
    'WARNING: We have hit ENOBUFS! We are losing events.',
    'Operation failed: No buffer space available. Try increasing the buffer.',
    'netlink: socket overrun',
  ])('that complains has lost lines: %s', async (warning) => {
    const { feed, source } = run(
      `console.error('NOTICE: Netlink socket buffer size has been set to 8388608 bytes.'); console.error(${JSON.stringify(warning)}); ${print(`${conntrackLine(40_000)}\n`)} ${FOR_EVER}`,
    );
    await vi.waitFor(() => expect(ports(feed).length + feed.losses.length).toBe(2), PATIENT);
    expect(feed.losses).toEqual([0]);
    expect(source.running()).toBe(true);
  });

  it('that is not there is tried again, and nothing was lost by it', async () => {
    const { feed, source } = run('', ['/nonexistent/conntrack']);
    await vi.waitFor(() => expect(source.fault()).toBe('ENOENT'), PATIENT);
    expect(source.running()).toBe(false);
    await source.stop();
    expect(feed).toMatchObject({ losses: [], messages: [] });
  });

  it.each([
    ['that listens', ''],
    ['that does not listen', "process.on('SIGTERM', () => {});"],
  ])('%s is ended, and not started again', async (_name, script) => {
    const { lines, source } = run(`${script} console.log(process.pid); ${FOR_EVER}`);
    await vi.waitFor(() => expect(lines.length).toBe(1), PATIENT);
    const pid = Number(lines[0]);
    expect(process.kill(pid, 0)).toBe(true);
    await source.stop();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(source.running()).toBe(false);
  });

  it('leaves out lines that are too long, and counts them', async () => {
    const { feed } = run(
      `process.stdout.write('x'.repeat(200000)); ${print(`\n${conntrackLine(40_000)}\n`)} ${FOR_EVER}`,
    );
    await vi.waitFor(() => expect(ports(feed)).toEqual([40_000]), PATIENT);
    expect(feed.rejections).toEqual(['line-too-long 1']);
  });
});

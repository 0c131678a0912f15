import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, programVersion } from '../probes.ts';
import { readyOrStopped, scratchDirectory, startProcess } from '../processes.ts';
import type { Availability } from '../types.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Something that takes export packets over UDP and puts them on the disk. */
export interface Receiver {
  readonly name: string;
  readonly does: string;
  available(): Promise<Availability>;
  start(): Promise<RunningReceiver>;
}

export interface RunningReceiver {
  readonly port: number;
  readonly pid: number;
  /** Stops it; then how many events it has on the disk, and how many datagrams the kernel had no room for. */
  finish(expected: number): Promise<{ readonly stored: number; readonly kernelDrops: number }>;
}

const BUFFER_BYTES = 32 * 1024 * 1024;

/** Of the socket on this port, since it was opened. */
function dropsOf(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const file of ['/proc/net/udp', '/proc/net/udp6'])
    for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(local) === true) return Number(fields.at(-1));
    }
  return 0;
}

/** Rows on the disk, whatever day they are of. */
function rowsIn(data: string): number {
  const records = path.join(data, 'records');
  let rows = 0;
  for (const name of readdirSync(records).filter((item) => item.endsWith('.sqlite'))) {
    const database = new DatabaseSync(path.join(records, name), { readOnly: true });
    rows += Number(database.prepare('SELECT count(*) AS rows FROM translations').get()?.['rows']);
    database.close();
  }
  return rows;
}

const STILL_MS = 500;
const MOST_MS = 60_000;

export const shudi: Receiver = {
  name: 'shudi',
  does: 'a row with two indexes for each event in SQLite, every batch synced (fsync) and hashed into the chain of its day; a digest of each datagram',
  available: () => Promise.resolve({ installed: true, version: 'this tree' }),
  async start() {
    const [gateway, control, port] = [await freePort(), await freePort(), await freePort()];
    const directory = scratchDirectory();
    const data = path.join(directory, 'data');
    const file = path.join(directory, 'shudi.yaml');
    writeFileSync(
      file,
      JSON.stringify({
        data,
        sites: [{ name: 'bench' }],
        gateway: {
          workers: 1,
          listeners: [{ name: 'public', host: '127.0.0.1', port: gateway }],
          routes: [
            {
              site: 'bench',
              path: '/',
              upstream: 'http://127.0.0.1:9',
              identity: { mode: 'header', cookie: 'sid' },
            },
          ],
        },
        collectors: {
          sources: [{ name: 'nat', protocol: 'ipfix', from: ['127.0.0.1/32'] }],
          listeners: [{ protocol: 'ipfix', host: '127.0.0.1', port, receiveBuffer: BUFFER_BYTES }],
        },
        control: { host: '127.0.0.1', port: control },
        regions: { file: path.join(ROOT, 'geo-data/region.mmdb') },
      }),
    );
    const own = startProcess(directory, process.execPath, [
      path.join(ROOT, 'src/main.ts'),
      'serve',
      '--config',
      file,
    ]);
    await readyOrStopped(own, () => own.answering(`http://127.0.0.1:${gateway}/.shudi/healthz`));
    return {
      port,
      pid: own.pid,
      finish: async (expected) => {
        const until = performance.now() + MOST_MS;
        let rows = rowsIn(data);
        for (let before = -1; rows < expected && rows > before && performance.now() < until;) {
          before = rows;
          await sleep(STILL_MS);
          rows = rowsIn(data);
        }
        const kernelDrops = dropsOf(port);
        await own.stop();
        return { stored: rows, kernelDrops };
      },
    };
  },
};

const FLOWS = /^Ident: .* Flows: (\d+)/m;

export const nfcapd: Receiver = {
  name: 'nfcapd',
  does: 'flat files, buffered, not synced; no index: a question reads all of them',
  available: () => programVersion('nfcapd', ['-V']),
  async start() {
    const port = await freePort();
    const directory = scratchDirectory();
    const own = startProcess(directory, 'nfcapd', [
      '-w',
      directory,
      '-b',
      '127.0.0.1',
      '-p',
      `${port}`,
      '-B',
      `${BUFFER_BYTES}`,
      '-t',
      '3600',
    ]);
    await readyOrStopped(own, async () => void (await own.says(/Startup|Bind/)));
    return {
      port,
      pid: own.pid,
      finish: async () => {
        await sleep(STILL_MS);
        const kernelDrops = dropsOf(port);
        // It says how many it has when it ends.
        process.kill(own.pid, 'SIGTERM');
        const log = path.join(directory, 'output.log');
        const until = performance.now() + MOST_MS;
        let told = FLOWS.exec(readFileSync(log, 'utf8'));
        while (told === null && performance.now() < until) {
          await sleep(50);
          told = FLOWS.exec(readFileSync(log, 'utf8'));
        }
        await own.stop();
        return { stored: Number(told?.[1] ?? 0), kernelDrops };
      },
    };
  },
};

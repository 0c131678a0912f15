import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../probes.ts';
import { readyOrStopped, scratchDirectory, startProcess } from '../processes.ts';
import type { StartOptions, Target } from '../types.ts';
import { seedData } from './seeded-data.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PREFIX = '/.shudi';

interface Settings {
  readonly data: string;
  readonly port: number;
  readonly controlPort: number;
  readonly upstream: string;
  readonly clients: StartOptions['clients'];
}

/** All clients of a load generator have one address, so what is meant for one client is lifted. */
const LIMITS = {
  requestsPerClient: 'off',
  recordsPerClient: 'off',
  connectionsPerClient: 1_000_000,
} as const;

/** The longest body of a load. */
const BODY_BYTES = 4 * 2 ** 30;

/** The only place of the bench that knows the gateway's configuration. JSON is YAML, and quotes paths right. */
function configuration({ data, port, controlPort, upstream, clients }: Settings): string {
  const trust =
    clients === 'claimed' ? { trustedProxies: ['127.0.0.1/32'], forwardedHeader: 'x-forwarded-for' } : {};
  const route = {
    site: 'bench',
    path: '/',
    upstream,
    egress: 'dedicated',
    bodyBytes: BODY_BYTES,
    identity: { mode: 'header', cookie: 'sid' },
  };
  return JSON.stringify(
    {
      data,
      sites: [{ name: 'bench' }],
      gateway: {
        workers: 1,
        listeners: [{ name: 'public', host: '127.0.0.1', port, ...trust }],
        routes: [route],
        limits: LIMITS,
      },
      control: { host: '127.0.0.1', port: controlPort },
      regions: { file: path.join(ROOT, 'geo-data/region.mmdb') },
    },
    null,
    2,
  );
}

export const shudi: Target = {
  name: 'shudi',
  does: 'this gateway, 1 worker, dedicated egress: every connection and binding on disk (synced) before its first request is forwarded; region look-up and header; limits for one client lifted',
  available: () => Promise.resolve({ installed: true, version: 'this tree' }),

  async start(upstream, { clients, knownAccounts }) {
    const [port, controlPort] = [await freePort(), await freePort()];
    const directory = scratchDirectory();
    const data = path.join(directory, 'data');
    if (knownAccounts > 0) await seedData(knownAccounts, data);
    const file = path.join(directory, 'shudi.yaml');
    writeFileSync(file, configuration({ data, port, controlPort, upstream: upstream.url, clients }));
    const own = startProcess(directory, process.execPath, [
      path.join(ROOT, 'src/main.ts'),
      'serve',
      '--config',
      file,
    ]);
    const url = `http://127.0.0.1:${port}`;
    await readyOrStopped(own, () => own.answering(`${url}${PREFIX}/healthz`));
    return { url, pid: own.pid, stop: () => own.stop() };
  },
};

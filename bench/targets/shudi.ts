import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../probes.ts';
import { readyOrStopped, scratchDirectory, startProcess } from '../processes.ts';
import type { StartOptions, Target } from '../types.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PREFIX = '/.shudi';

interface Settings {
  readonly directory: string;
  readonly port: number;
  readonly controlPort: number;
  readonly upstream: string;
  readonly clients: StartOptions['clients'];
}

/** The only place of the bench that knows the gateway's configuration. JSON is YAML, and quotes paths right. */
function configuration({ directory, port, controlPort, upstream, clients }: Settings): string {
  const trust =
    clients === 'claimed' ? { trustedProxies: ['127.0.0.1/32'], forwardedHeader: 'x-forwarded-for' } : {};
  return JSON.stringify(
    {
      data: path.join(directory, 'data'),
      sites: [{ name: 'bench' }],
      gateway: {
        listeners: [{ name: 'public', host: '127.0.0.1', port, ...trust }],
        routes: [{ site: 'bench', path: '/', upstream, identity: { mode: 'header', cookie: 'sid' } }],
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
  does: 'this gateway: every connection and binding on disk (synced) before its first request is forwarded; region look-up and header',
  available: () => Promise.resolve({ installed: true, version: 'this tree' }),

  async start(upstream, { clients }) {
    const [port, controlPort] = [await freePort(), await freePort()];
    const directory = scratchDirectory();
    const file = path.join(directory, 'shudi.yaml');
    writeFileSync(file, configuration({ directory, port, controlPort, upstream: upstream.url, clients }));
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

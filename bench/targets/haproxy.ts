import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, programVersion } from '../probes.ts';
import { readyOrStopped, scratchDirectory, startProcess } from '../processes.ts';
import type { StartOptions, Target } from '../types.ts';

const CLAIMED = 'http-request set-src req.hdr_ip(x-forwarded-for,-1)';

/** The log goes to standard output, which is a file. */
function configuration(port: number, upstream: string, clients: StartOptions['clients']): string {
  return `
global
    maxconn 4096
    nbthread 1
    log stdout format raw local0 info

defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout tunnel 60s
    timeout connect 5s
    log global

frontend public
    bind 127.0.0.1:${port} backlog 4096
    ${clients === 'claimed' ? CLAIMED : ''}
    http-request capture req.cook(sid) len 64
    unique-id-format %{+X}o%ci:%cp_%fi:%fp_%Ts_%rt:%pid
    unique-id-header X-Request-Id
    http-request set-header X-Forwarded-For %[src]
    log-format "%Ts.%ms %ci:%cp %[capture.req.hdr(0)] %ID %{+Q}r %ST"
    default_backend service

backend service
    http-reuse always
    server one ${new URL(upstream).host}
`;
}

export const haproxy: Target = {
  name: 'haproxy',
  does: 'log with client port, session cookie and request id; no look-up (it has none for mmdb); 1 thread; connections to the upstream shared (http-reuse always)',
  available: () => programVersion('haproxy', ['-v']),

  async start(upstream, { clients }) {
    const port = await freePort();
    const directory = scratchDirectory();
    const file = path.join(directory, 'haproxy.cfg');
    writeFileSync(file, configuration(port, upstream.url, clients));
    const own = startProcess(directory, 'haproxy', ['-db', '-f', file]);
    const url = `http://127.0.0.1:${port}`;
    await readyOrStopped(own, () => own.answering(url));
    return { url, pid: own.pid, stop: () => own.stop() };
  },
};

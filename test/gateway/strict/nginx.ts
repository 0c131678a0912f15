import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../e2e/free-port.ts';

export interface Nginx {
  readonly port: number;
  stop(): Promise<void>;
}

const START_MS = 10_000;

/** As the gateway is set up: the same bounds, no buffering that would answer before the body is read. */
function configuration(directory: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${join(directory, name)};`)
    .join('\n');
  return `daemon off;
master_process off;
worker_processes 1;
pid ${join(directory, 'nginx.pid')};
error_log ${join(directory, 'error.log')} crit;
events { worker_connections 512; }
http {
  access_log off;
${temporary}
  client_max_body_size 0;
  large_client_header_buffers 4 32k;
  lingering_close always;
  lingering_time 1s;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://unix:${join(directory, 'behind.sock')}:; }
  }
  server {
    listen unix:${join(directory, 'behind.sock')};
    location / { return 200 "ok"; }
  }
}
`;
}

/**
 * Debian's nginx as a plain HTTP server that reads each body whole before it answers (200, to everything that it
 * accepts).
 * @param directory  of its own; everything that it writes lies there
 * @param program  a path, or a name in PATH
 */
export async function startNginx(directory: string, program: string): Promise<Nginx> {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, configuration(directory, port));
  const log = join(directory, 'error.log');
  const child = spawn(program, ['-p', directory, '-c', file, '-e', log], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const deadline = Date.now() + START_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`nginx does not start: ${readFileSync(log, 'utf8')}`);
    }
    await delay(20);
  }
  return {
    port,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

const QUIET_MS = 2000;

/**
 * The status of the first final response to these bytes; null when there is none within two seconds, or when the
 * connection ends without one.
 */
export async function firstStatus(port: number, bytes: string): Promise<number | null> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let text = '';
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const timer = setTimeout(() => resolve(null), QUIET_MS);
  socket.on('error', () => resolve(null));
  socket.on('close', () => resolve(null));
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const final = [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].find((match) => !match[1]?.startsWith('1'));
    if (final?.[1] !== undefined) resolve(Number(final[1]));
    // HTTP/0.9: an answer without a head.
    else if (text.length > 0 && !'HTTP/'.startsWith(text.slice(0, 5))) resolve(200);
  });
  socket.once('connect', () => socket.write(bytes, 'latin1'));
  const status = await promise;
  clearTimeout(timer);
  socket.destroy();
  return status;
}

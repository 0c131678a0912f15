import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, programVersion } from '../probes.ts';
import { readyOrStopped, scratchDirectory, startProcess } from '../processes.ts';
import type { StartOptions, Target } from '../types.ts';
import { geoDatabase } from './geo-database.ts';
import type { GeoDatabase } from './geo-database.ts';

const GEOIP2_MODULE = '/usr/lib/nginx/modules/ngx_http_geoip2_module.so';

const REAL_IP = `
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;`;

interface Settings extends GeoDatabase {
  readonly directory: string;
  readonly port: number;
  readonly upstream: string;
  readonly clients: StartOptions['clients'];
  readonly connections: number;
  /** Whether connections to the upstream are kept and shared. */
  readonly shared: boolean;
}

/**
 * One worker, one line a request that answers "who was it", one look-up a request. Bodies go through as they come: by
 * default nginx would put a long one into a file first.
 */
function configuration(settings: Settings): string {
  const { directory, port, upstream, clients, connections, shared, file, field } = settings;
  return `
${existsSync(GEOIP2_MODULE) ? `load_module ${GEOIP2_MODULE};` : ''}
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log error;
events { worker_connections ${connections}; }
http {
    client_body_temp_path ${directory}/body;
    proxy_temp_path ${directory}/proxy;
    fastcgi_temp_path ${directory}/fastcgi;
    uwsgi_temp_path ${directory}/uwsgi;
    scgi_temp_path ${directory}/scgi;
    keepalive_requests 100000000;
    geoip2 ${file} {
        $region default=ZZ source=$remote_addr ${field};
    }
    log_format who '$msec $remote_addr:$remote_port $cookie_sid $request_id $region "$request" $status';
    access_log ${directory}/access.log who;
    client_max_body_size 0;
    proxy_request_buffering off;
    proxy_max_temp_file_size 0;
    map $http_upgrade $connection_upgrade {
        default upgrade;
        '' '';
    }
    upstream service {
        server ${new URL(upstream).host};
        ${shared ? 'keepalive 256; keepalive_requests 100000000;' : ''}
    }
    server {
        listen 127.0.0.1:${port} backlog=4096;${clients === 'claimed' ? REAL_IP : ''}
        location / {
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Request-Id $request_id;
            proxy_set_header X-IP-Region $region;
        }
    }
}
`;
}

const DOES =
  'access log with client port, session cookie and request id (written a line a request, not synced); geoip2 look-up and header; 1 worker';

/** As it is commonly set up: connections to the upstream are kept and serve any client. */
export const nginx: Target = nginxWith('nginx', `${DOES}; connections to the upstream kept and shared`, true);

/** As the gateway has to work (R3): nobody's connection to the upstream serves anybody else. */
export const nginxUnshared: Target = nginxWith(
  'nginx-unshared',
  `${DOES}; a connection of its own to the upstream for every request`,
  false,
);

function nginxWith(name: string, does: string, shared: boolean): Target {
  return {
    name,
    does,
    available: () => programVersion('nginx', ['-v']),

    async start(upstream, { clients, connections }) {
      const database = await geoDatabase();
      const port = await freePort();
      const directory = scratchDirectory();
      const file = path.join(directory, 'nginx.conf');
      const where = { directory, port, upstream: upstream.url };
      writeFileSync(file, configuration({ ...database, ...where, clients, connections, shared }));
      const own = startProcess(directory, 'nginx', [
        '-p',
        directory,
        '-c',
        file,
        '-e',
        `${directory}/error.log`,
      ]);
      const url = `http://127.0.0.1:${port}`;
      await readyOrStopped(own, () => own.answering(url));
      return { url, pid: own.pid, stop: () => own.stop() };
    },
  };
}

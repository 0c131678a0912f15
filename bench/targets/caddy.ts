import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, programVersion } from '../probes.ts';
import { readyOrStopped, scratchDirectory, startProcess } from '../processes.ts';
import type { StartOptions, Target } from '../types.ts';

/** `log_credentials`: without it Caddy blanks the cookie, which is what the log is for here. */
function configuration(
  directory: string,
  port: number,
  upstream: string,
  clients: StartOptions['clients'],
): string {
  return `
{
	admin off
	auto_https off
	servers {
		log_credentials
	}
}
http://127.0.0.1:${port} {
	bind 127.0.0.1
	log {
		output file ${directory}/access.log {
			roll_disabled
		}
	}
	reverse_proxy ${new URL(upstream).host} {
		${clients === 'claimed' ? 'trusted_proxies 127.0.0.1/32' : ''}
		header_up X-Request-Id {http.request.uuid}
		transport http {
			keepalive_idle_conns_per_host 256
		}
	}
}
`;
}

export const caddy: Target = {
  name: 'caddy',
  does: 'its JSON access log with client port and cookie; no look-up; as many threads as cores; 256 idle connections to the upstream',
  available: () => programVersion('caddy', ['version']),

  async start(upstream, { clients }) {
    const port = await freePort();
    const directory = scratchDirectory();
    const file = path.join(directory, 'Caddyfile');
    writeFileSync(file, configuration(directory, port, upstream.url, clients));
    const own = startProcess(directory, 'caddy', ['run', '--config', file, '--adapter', 'caddyfile']);
    const url = `http://127.0.0.1:${port}`;
    await readyOrStopped(own, () => own.answering(url));
    return { url, pid: own.pid, stop: () => own.stop() };
  },
};

import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { createQuestioner } from '../../gateway/identity/introspect-question.ts';
import type { IntrospectOptions } from '../../gateway/options.ts';
import type { ConfigFile, Path } from '../config-file.ts';
import type { Config } from '../config.ts';
import { findingAt, reasonOf, type Finding } from './findings.ts';
import { keysIn } from './gateway.ts';

const TIMEOUT_MS = 2000;
const AT_ONCE = 16;
/** Distinct places that are asked; with thousands of routes the check would take too long. */
const MOST = 200;
const MAX_KEY_SET = 1_048_576;

/** Something to ask; the answer is what is wrong, or null. */
interface Probe {
  readonly path: Path;
  readonly ask: () => Promise<string | null>;
}

/** Web services, key sets and introspection endpoints that do not answer now. They may do so later: warnings only. */
export async function networkFindings(config: Config, file: ConfigFile): Promise<Finding[]> {
  const probes = [...probesOf(config).values()];
  const findings: Finding[] = [];
  for (let at = 0; at < Math.min(probes.length, MOST); at += AT_ONCE) {
    const batch = probes.slice(at, Math.min(at + AT_ONCE, MOST));
    const answers = await Promise.all(batch.map(({ ask }) => ask()));
    batch.forEach(({ path }, index) => {
      const wrong = answers[index] ?? null;
      findings.push(findingAt(file, path, wrong === null ? 'ok' : 'warn', wrong ?? 'answers'));
    });
  }
  if (probes.length > MOST)
    findings.push({
      subject: 'gateway.routes',
      level: 'warn',
      text: `only the first ${MOST} of ${probes.length} places were asked`,
    });
  return findings;
}

/** Each place once, at the first key that names it. */
function probesOf({ gateway }: Config): Map<string, Probe> {
  const probes = new Map<string, Probe>();
  const add = (place: string, probe: Probe): void => {
    if (!probes.has(place)) probes.set(place, probe);
  };
  gateway.routes.forEach(({ upstream, identity }, index) => {
    const path = ['gateway', 'routes', index];
    add(`tcp ${upstream.host} ${upstream.port}`, {
      path: [...path, 'upstream'],
      ask: () => connectFault(upstream.host, upstream.port),
    });
    if (identity.mode === 'introspect')
      add(`introspect ${identity.url} ${identity.cookie}`, {
        path: [...path, 'identity', 'url'],
        ask: () => introspectFault(identity),
      });
    if (identity.mode === 'jwt' && /^https?:/.test(identity.jwks))
      add(`jwks ${identity.jwks}`, {
        path: [...path, 'identity', 'jwks'],
        ask: () => keySetFault(identity.jwks),
      });
  });
  return probes;
}

function connectFault(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (wrong: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(wrong);
    };
    const timer = setTimeout(() => end(`accepts no connection within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS);
    socket.once('connect', () => end(null));
    socket.once('error', (error) => {
      const code = reasonOf(error);
      const unresolved = code === 'ENOTFOUND' || code === 'EAI_AGAIN';
      end(unresolved ? 'the host name does not resolve' : `accepts no connection (${code})`);
    });
  });
}

/** Asks with a cookie that nobody has. */
async function introspectFault(options: IntrospectOptions): Promise<string | null> {
  try {
    const answer = await createQuestioner(options)(randomBytes(24).toString('base64url'));
    return answer === null
      ? null
      : 'names an account for a cookie that nobody has: visitors would be recorded as that account';
  } catch (error) {
    return `does not answer as it should: ${error instanceof Error ? error.message : 'it failed'}`;
  }
}

async function keySetFault(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status !== 200) {
      await response.body?.cancel();
      return `the key set cannot be fetched: status ${response.status}`;
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_KEY_SET) return 'the key set is too long';
      chunks.push(chunk);
    }
    keysIn(Buffer.concat(chunks).toString('utf8'));
    return null;
  } catch (error) {
    return `the key set cannot be fetched: ${reasonOf(error instanceof TypeError ? error.cause : error)}`;
  }
}

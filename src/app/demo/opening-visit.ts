import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { systemClock, type Millis } from '../../model/time.ts';

/** What the demo's own visitor did: the first question asks about it. */
export interface Visit {
  readonly at: Millis;
  /** The visitor's port, as the proxy told it. */
  readonly port: number;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly port: number;
}

/** Logs in at the forum and posts, over one connection through the test proxy: real traffic to ask about. */
export async function openingVisit(
  base: string,
  user: { readonly name: string; readonly password: string },
  text: string,
): Promise<Visit> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let cookie = '';
  const ask = async (
    method: 'GET' | 'POST',
    path: string,
    form: Record<string, string> = {},
  ): Promise<Answer> => {
    const answer = await send(agent, base, method, path, cookie, form);
    const set = answer.headers['set-cookie']?.find((line) => line.startsWith('sid='));
    if (set !== undefined) cookie = set.split(';', 1)[0] ?? cookie;
    if (answer.status >= 400)
      throw new Error(`the demo's visit failed: ${method} ${path} gave ${answer.status}`);
    return answer;
  };
  try {
    await ask('POST', '/login', {
      account: user.name,
      password: user.password,
      token: tokenIn((await ask('GET', '/login')).body),
    });
    const posted = await ask('POST', '/posts', {
      title: '你好',
      text,
      token: tokenIn((await ask('GET', '/')).body),
    });
    return { at: systemClock(), port: posted.port };
  } finally {
    agent.destroy();
  }
}

function tokenIn(page: string): string {
  return /name="token" value="([^"]+)"/.exec(page)?.[1] ?? '';
}

function send(
  agent: Agent,
  base: string,
  method: string,
  path: string,
  cookie: string,
  form: Record<string, string>,
): Promise<Answer> {
  const body = method === 'POST' ? new URLSearchParams(form).toString() : '';
  const headers = {
    ...(cookie === '' ? {} : { cookie }),
    ...(method === 'POST'
      ? { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }
      : {}),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, base), { agent, method, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      const port = incoming.socket.localPort ?? 0;
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString('utf8'),
          port,
        }),
      );
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

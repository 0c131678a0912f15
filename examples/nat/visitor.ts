/**
 * A visitor: logs in at the forum over one connection from a fixed source port, asks the mirror for what the web service
 * saw, and tells both. Both visitors use the same port, so the NAT has to change one of them.
 */
import { Agent, request, type IncomingMessage } from 'node:http';

const [base = '', account = '', password = '', localPort = '0'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let cookie = '';

interface Answer {
  readonly status: number;
  readonly body: string;
}

function ask(method: 'GET' | 'POST', path: string, form: Record<string, string> = {}): Promise<Answer> {
  const body = method === 'POST' ? new URLSearchParams(form).toString() : '';
  return new Promise((resolve, reject) => {
    const sent = request(
      new URL(path, base),
      {
        agent,
        method,
        localPort: Number(localPort),
        headers: {
          ...(cookie === '' ? {} : { cookie }),
          ...(body === ''
            ? {}
            : {
                'content-type': 'application/x-www-form-urlencoded',
                'content-length': Buffer.byteLength(body),
                origin: base,
              }),
        },
      },
      (response: IncomingMessage) => {
        const set = response.headers['set-cookie']?.find((line) => line.startsWith('sid='));
        if (set !== undefined) cookie = set.split(';', 1)[0] ?? cookie;
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const page = await ask('GET', '/login');
const token = /name="token" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
const login = await ask('POST', '/login', { account, password, token });
const mirror = await ask('GET', '/mirror');
process.stdout.write(
  `${JSON.stringify({ status: login.status, at: new Date().toISOString(), mirror: JSON.parse(mirror.body) as unknown })}\n`,
);
agent.destroy();

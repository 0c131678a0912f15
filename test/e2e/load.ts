import { Agent, request } from 'node:http';

/** What a client got back whole before the kill. */
export interface Released {
  readonly kind: 'anonymous' | 'login' | 'post';
  readonly account: string | null;
}

interface Answer {
  readonly status: number;
  readonly cookie: string | null;
}

function send(
  agent: Agent,
  port: number,
  method: string,
  path: string,
  cookie: string | null,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { agent, host: '127.0.0.1', port, method, path, headers: cookie === null ? {} : { cookie } },
      (incoming) => {
        const set = incoming.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? null;
        // The head is out: what it announces must be durable by now, whether or not the body comes.
        resolve({ status: incoming.statusCode ?? 0, cookie: set });
        incoming.resume();
        incoming.on('error', () => undefined);
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/**
 * Visitors until the gateway dies or `stopped` says so: anonymous ones on new connections, log-ins each of a new
 * account, and posts. Bounded by `visitors` at once.
 */
export async function loadUntil(
  port: number,
  round: number,
  visitors: number,
  stopped: () => boolean,
): Promise<Released[]> {
  const released: Released[] = [];
  let next = 0;
  const visit = async (): Promise<void> => {
    while (!stopped()) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const number = next++;
      try {
        if (number % 3 === 0) {
          if ((await send(agent, port, 'GET', '/', null)).status === 200)
            released.push({ kind: 'anonymous', account: null });
          continue;
        }
        const account = `r${round}n${number}`;
        const login = await send(agent, port, 'POST', `/login/${account}`, null);
        if (login.status !== 200) continue;
        released.push({ kind: 'login', account });
        if ((await send(agent, port, 'POST', '/posts', login.cookie)).status === 200)
          released.push({ kind: 'post', account });
      } catch {
        // The kill cut this visit off; what was released of it was noted.
      } finally {
        agent.destroy();
      }
    }
  };
  await Promise.all(Array.from({ length: visitors }, visit));
  return released;
}

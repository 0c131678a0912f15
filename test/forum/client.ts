import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { startForum } from '../../examples/forum/server.ts';
import type { ForumOptions, RunningForum } from '../../examples/forum/server.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request on a socket of its own. */
export function ask(url: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** A visitor with a cookie jar, who fills in forms as a browser would. */
export interface Visitor {
  cookie: string;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Posts with this session's own form token, taken from the given page. */
  submit(
    path: string,
    fields: Readonly<Record<string, string>>,
    options?: { page?: string; headers?: Readonly<Record<string, string>> },
  ): Promise<Answer>;
}

export function tokenIn(page: string): string {
  return /name="token" value="([\w-]+)"/.exec(page)?.[1] ?? '';
}

export function visitor(base: string): Visitor {
  function take(answer: Answer): Answer {
    const sid = answer.headers['set-cookie']?.[0]?.split(';')[0];
    if (sid !== undefined) self.cookie = sid;
    return answer;
  }
  const self: Visitor = {
    cookie: '',
    async get(path, headers = {}) {
      const cookie = self.cookie === '' ? {} : { cookie: self.cookie };
      return take(await ask(base + path, { headers: { ...cookie, ...headers } }));
    },
    async submit(path, fields, { page = path, headers = {} } = {}) {
      const token = tokenIn((await self.get(page)).body);
      return take(
        await ask(base + path, {
          method: 'POST',
          headers: {
            cookie: self.cookie,
            origin: base,
            'sec-fetch-site': 'same-origin',
            'content-type': 'application/x-www-form-urlencoded',
            ...headers,
          },
          body: new URLSearchParams({ token, ...fields }).toString(),
        }),
      );
    },
  };
  return self;
}

export const ALICE = { name: 'alice', password: 'correct horse' } as const;

/** A forum on a free port, which closes itself when the block that holds it ends. */
export async function forumWith(
  options: Partial<ForumOptions> = {},
): Promise<RunningForum & AsyncDisposable> {
  const forum = await startForum({ host: '127.0.0.1', port: 0, users: [ALICE], ...options });
  return { ...forum, [Symbol.asyncDispose]: () => forum.close() };
}

export async function loggedIn(base: string): Promise<Visitor> {
  const alice = visitor(base);
  await alice.submit('/login', { account: ALICE.name, password: ALICE.password });
  return alice;
}

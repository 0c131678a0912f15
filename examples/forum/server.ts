/**
 * An example community forum, the upstream of the demo. It knows the gateway by headers alone: it announces log-ins,
 * log-outs and publications on its responses, and is told the visitor's region on requests. Everything is in memory.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseArgs } from 'node:util';
import { ACCOUNT_NAME, createAccounts } from './accounts.ts';
import { createBadgeClient } from './badge-client.ts';
import type { Control } from './badge-client.ts';
import { createFeed } from './feed.ts';
import { Refusal } from './forms.ts';
import { createForum } from './forum.ts';
import type { Forum } from './forum.ts';
import { asksForSocket, attachLive } from './live.ts';
import { errorPage } from './pages.ts';
import { createPosts } from './posts.ts';
import { sendPage } from './reply.ts';
import { createSessions } from './sessions.ts';
import type { Session, Sessions } from './sessions.ts';
import { word } from './words.ts';
import type { Language } from './words.ts';

const MAX_ACCOUNTS = 10_000;
const MAX_SESSIONS = 20_000;

export interface SeedUser {
  readonly name: string;
  readonly password: string;
}

export interface ForumOptions {
  /** Loopback only in earnest: whoever reaches the forum past the gateway can claim any region. */
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  readonly control?: Control;
  readonly language?: Language;
  readonly users?: readonly SeedUser[];
  /** Origins that forms may come from where the gateway rewrites `Host`, such as `https://bbs.example`. */
  readonly publicOrigins?: readonly string[];
  /** Marks cookies `Secure`; for a gateway that speaks TLS. */
  readonly secureCookies?: boolean;
  /** Who may listen to new posts at once; 1,000 without it. */
  readonly maxListeners?: number;
}

export interface RunningForum {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

function pathOf(request: IncomingMessage): string {
  const target = request.url ?? '/';
  if (!target.startsWith('/')) throw new Refusal(400, '请求有误。Bad request.');
  return target.split('?', 1)[0] ?? '/';
}

/** The gateway's request id, shown with errors; nothing else is believed to be one. */
function requestId(request: IncomingMessage): string | null {
  const id = request.headers['x-request-id'];
  return typeof id === 'string' && /^[\w.-]{1,128}$/.test(id) ? id : null;
}

async function handle(
  forum: Forum,
  language: Language,
  request: IncomingMessage,
  response: ServerResponse,
  session: Session | null,
): Promise<void> {
  const path = pathOf(request);
  const handlers = forum.route(path);
  if (handlers === null) throw new Refusal(404, word('notFound', language));
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const handler = method === 'GET' || method === 'POST' ? handlers[method] : undefined;
  if (handler === undefined) {
    response.setHeader('allow', Object.keys(handlers).join(', '));
    throw new Refusal(405, '不支持。Method not allowed.');
  }
  await handler({ request, response, path, session });
}

/** Every failure ends in a page, and the details of an unexpected one stay inside. */
function fail(language: Language, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const refusal = error instanceof Refusal ? error : new Refusal(500, word('error', language));
  // What is left of the request's body is not read, so the connection cannot serve another request.
  if (!request.complete) response.setHeader('connection', 'close');
  const page = errorPage({ language, session: null }, refusal.message, requestId(request));
  sendPage(response, refusal.status, page);
}

function listener(forum: Forum, sessions: Sessions, language: Language) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const session = sessions.find(request.headers.cookie);
    handle(forum, language, request, response, session).catch((error: unknown) => {
      fail(language, request, response, error);
    });
  };
}

/** Starts the forum; seed users are there when it resolves. */
export async function startForum(options: ForumOptions): Promise<RunningForum> {
  const language = options.language ?? 'zh';
  const accounts = createAccounts(MAX_ACCOUNTS);
  for (const { name, password } of options.users ?? []) {
    if (!ACCOUNT_NAME.test(name)) throw new Error(`not an account name: ${name}`);
    // One after another: each derivation holds 32 MiB.
    const outcome = await accounts.register(name, password);
    if (outcome !== 'registered') throw new Error(`seed user ${name}: ${outcome}`);
  }
  const sessions = createSessions(MAX_SESSIONS);
  const feed = createFeed(language, options.maxListeners);
  const forum = createForum({
    accounts,
    sessions,
    posts: createPosts(),
    feed,
    labelFor: createBadgeClient(options.control),
    language,
    publicOrigins: options.publicOrigins ?? [],
    secureCookies: options.secureCookies ?? false,
  });

  const server = createServer(
    // Idle connections outlive those of the gateway, so that it never sends on one that is just being closed.
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 120_000,
      maxHeaderSize: 16_384,
      shouldUpgradeCallback: asksForSocket,
    },
    listener(forum, sessions, language),
  );
  attachLive(server, feed, sessions, options.publicOrigins ?? []);
  server.maxHeadersCount = 100;
  server.maxConnections = 20_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the forum listens on no port');
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;

  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve, reject) => {
        feed.close();
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

/** `node examples/forum/server.ts [--host H] [--port P] [--language zh|en] [--control URL]`; token in the environment. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '3000' },
      language: { type: 'string', default: 'zh' },
      control: { type: 'string' },
    },
  });
  const token = process.env['FORUM_CONTROL_TOKEN'];
  const forum = await startForum({
    host: values.host,
    port: Number(values.port),
    language: values.language === 'en' ? 'en' : 'zh',
    ...(values.control !== undefined && token !== undefined && { control: { url: values.control, token } }),
  });
  process.stdout.write(`forum on ${forum.url}\n`);
  const stop = (): void => {
    void forum.close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

if (import.meta.main) await main();

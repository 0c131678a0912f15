import type { IncomingMessage, ServerResponse } from 'node:http';
import { ACCOUNT_NAME, PASSWORD_LENGTH } from './accounts.ts';
import type { Accounts } from './accounts.ts';
import type { RegionLabel } from './badge-client.ts';
import type { Feed } from './feed.ts';
import { assertFormToken, assertSameOrigin, readForm, Refusal, textField } from './forms.ts';
import { LIVE_PATH } from './live.ts';
import { LIVE_SCRIPT } from './live-script.ts';
import { credentialsPage, homePage, profilePage, STYLE } from './pages.ts';
import { TEXT_MAX, TITLE_MAX } from './posts.ts';
import type { Post, Posts } from './posts.ts';
import { seenRegion } from './region.ts';
import { announce, beginEvents, redirect, sendPage, sendScript, sendStyle, sendText } from './reply.ts';
import { clearedCookie, sessionCookie } from './sessions.ts';
import type { Session, Sessions } from './sessions.ts';
import { word } from './words.ts';
import type { Language, Word } from './words.ts';

const POSTS_SHOWN = 50;

export interface ForumParts {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly posts: Posts;
  readonly feed: Feed;
  readonly labelFor: (account: string) => Promise<RegionLabel | null>;
  readonly language: Language;
  readonly publicOrigins: readonly string[];
  readonly secureCookies: boolean;
}

/** One request on its way through the forum. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly session: Session | null;
}

export type Handler = (exchange: Exchange) => void | Promise<void>;
export type Method = 'GET' | 'POST';

export interface Forum {
  /** The handlers of a path by method, or null when there is no such page. */
  route(path: string): Partial<Record<Method, Handler>> | null;
}

/** The forum's pages and actions. */
export function createForum(parts: ForumParts): Forum {
  const { accounts, sessions, posts, feed, labelFor, language, publicOrigins, secureCookies } = parts;

  /** A form post that came from a page of ours, out of the session that it claims. */
  async function trustedForm(exchange: Exchange): Promise<{ form: URLSearchParams; session: Session }> {
    assertSameOrigin(exchange.request, publicOrigins);
    const form = await readForm(exchange.request);
    return { form, session: assertFormToken(exchange.session, form) };
  }

  /** A form needs a session for its token, so the first visit to one starts an anonymous session. */
  function showCredentials(
    exchange: Exchange,
    kind: 'login' | 'register',
    status: number,
    problem: Word | null,
  ) {
    const session = exchange.session ?? sessions.start(null, null);
    if (exchange.session === null)
      exchange.response.setHeader('set-cookie', sessionCookie(session, secureCookies));
    if (status === 503) exchange.response.setHeader('retry-after', '5');
    sendPage(exchange.response, status, credentialsPage({ language, session }, kind, problem));
  }

  /** Rotates the session and tells the gateway. The new cookie and the event travel on one response. */
  function enter(exchange: Exchange, previous: Session, account: string): void {
    const session = sessions.start(account, previous);
    feed.leave(previous);
    exchange.response.setHeader('set-cookie', sessionCookie(session, secureCookies));
    announce(exchange.response, { account, event: 'login' });
    redirect(exchange.response, '/');
  }

  async function login(exchange: Exchange): Promise<void> {
    const { form, session } = await trustedForm(exchange);
    const name = form.get('account') ?? '';
    const password = form.get('password') ?? '';
    const plausible = ACCOUNT_NAME.test(name) && password.length <= PASSWORD_LENGTH.max;
    const verdict = plausible ? await accounts.verify(name, password) : 'wrong';
    if (verdict === 'right') enter(exchange, session, name);
    else if (verdict === 'busy') showCredentials(exchange, 'login', 503, 'busy');
    else showCredentials(exchange, 'login', 403, 'wrongLogin');
  }

  async function register(exchange: Exchange): Promise<void> {
    const { form, session } = await trustedForm(exchange);
    const name = form.get('account') ?? '';
    const password = form.get('password') ?? '';
    const { min, max } = PASSWORD_LENGTH;
    if (!ACCOUNT_NAME.test(name)) return showCredentials(exchange, 'register', 400, 'badName');
    if (password.length < min || password.length > max) {
      return showCredentials(exchange, 'register', 400, 'badPassword');
    }
    const outcome = await accounts.register(name, password);
    if (outcome === 'registered') return enter(exchange, session, name);
    return showCredentials(exchange, 'register', outcome === 'taken' ? 409 : 503, outcome);
  }

  async function logout(exchange: Exchange): Promise<void> {
    const { session } = await trustedForm(exchange);
    sessions.end(session);
    feed.leave(session);
    exchange.response.setHeader('set-cookie', clearedCookie(secureCookies));
    if (session.account !== null) announce(exchange.response, { account: session.account, event: 'logout' });
    redirect(exchange.response, '/');
  }

  async function publish(exchange: Exchange): Promise<void> {
    const { form, session } = await trustedForm(exchange);
    if (session.account === null) throw new Refusal(403, '请先登录。Please log in first.');
    const post: Post = {
      author: session.account,
      title: textField(form, 'title', TITLE_MAX).replaceAll('\n', ' '),
      text: textField(form, 'text', TEXT_MAX),
      at: new Date(),
      region: seenRegion(exchange.request.headers),
    };
    posts.add(post);
    feed.publish(post);
    announce(exchange.response, { account: session.account, event: 'publish' });
    redirect(exchange.response, '/');
  }

  function events({ request, response, session }: Exchange): void {
    if (!feed.hasRoom()) {
      response.setHeader('retry-after', '30');
      throw new Refusal(503, word('busy', language));
    }
    beginEvents(response, session?.account ?? null);
    if (request.method === 'HEAD') response.end();
    else feed.addStream(response, session);
  }

  /** Who comes here without asking for a WebSocket: RFC 9110, 15.5.22. */
  function socketOnly({ response }: Exchange): void {
    response.setHeader('upgrade', 'websocket');
    response.setHeader('connection', 'upgrade');
    throw new Refusal(426, 'WebSocket');
  }

  async function profile({ path, response, session }: Exchange): Promise<void> {
    const account = path.slice('/u/'.length);
    if (!accounts.has(account)) throw new Refusal(404, word('notFound', language));
    const region = await labelFor(account);
    const page = profilePage({ language, session }, account, region, posts.by(account, POSTS_SHOWN));
    sendPage(response, 200, page);
  }

  const routes = new Map<string, Partial<Record<Method, Handler>>>([
    [
      '/',
      {
        GET: ({ response, session }) =>
          sendPage(response, 200, homePage({ language, session }, posts.latest(POSTS_SHOWN))),
      },
    ],
    ['/login', { GET: (exchange) => showCredentials(exchange, 'login', 200, null), POST: login }],
    ['/register', { GET: (exchange) => showCredentials(exchange, 'register', 200, null), POST: register }],
    ['/logout', { POST: logout }],
    ['/posts', { POST: publish }],
    [LIVE_PATH, { GET: socketOnly }],
    ['/events', { GET: events }],
    ['/live.js', { GET: ({ response }) => sendScript(response, LIVE_SCRIPT) }],
    ['/forum.css', { GET: ({ response }) => sendStyle(response, STYLE) }],
    ['/healthz', { GET: ({ response }) => sendText(response, 200, 'ok\n') }],
  ]);
  const profiles = { GET: profile };

  return {
    route: (path) =>
      routes.get(path) ??
      (path.startsWith('/u/') && ACCOUNT_NAME.test(path.slice('/u/'.length)) ? profiles : null),
  };
}

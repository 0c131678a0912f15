import type { IncomingMessage } from 'node:http';
import type { AccountId } from '../../model/accounts.ts';
import { ShudiError } from '../../model/errors.ts';
import { parseTime, type Millis } from '../../model/time.ts';
import type { IntrospectOptions } from '../options.ts';
import { accountOf } from './believed.ts';

/** Whose a cookie is by the site's word; null for nobody's. */
export type Answer = { readonly account: AccountId; readonly since: Millis | null } | null;

/** The question brought no answer. */
export class QuestionFault extends Error {
  /** Whether the endpoint is to blame; else the question itself was refused, as a client can make happen at will. */
  readonly endpoint: boolean;

  constructor(text: string, endpoint: boolean, cause?: unknown) {
    super(text, { cause });
    this.name = 'QuestionFault';
    this.endpoint = endpoint;
  }
}

const MAX_BODY = 8192;
const MAX_HEAD = 8192;
const NOBODY: ReadonlySet<number> = new Set([204, 401, 403]);
/** Of a malformed or too large question (RFC 9110, 15.5; RFC 6585, 5). */
const QUESTION_REFUSED: ReadonlySet<number> = new Set([400, 413, 414, 422, 431]);

/**
 * Asks with GET and the one cookie, over connections that are kept; no redirect is followed.
 * The returned function rejects with QuestionFault only.
 * @throws ShudiError config.invalid  when the address is none
 */
export function createQuestioner(options: IntrospectOptions): (cookie: string) => Promise<Answer> {
  const url = URL.parse(options.url);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new ShudiError('config.invalid', 'The introspection address is no http(s) address.', 'url');
  const secure = url.protocol === 'https:';
  const sockets = { keepAlive: true, maxSockets: options.concurrency, scheduling: 'lifo' } as const;
  // Loaded by the first route that needs them: they take 20 MB of a worker.
  const http = process.getBuiltinModule('node:http');
  const https = process.getBuiltinModule('node:https');
  const agent = secure ? new https.Agent(sockets) : new http.Agent(sockets);
  const request = secure ? https.request : http.request;

  const ask = (cookie: string, timeoutMs: number): Promise<Reply> =>
    new Promise((resolve, reject) => {
      let over = false;
      const outgoing = request(url, {
        agent,
        maxHeaderSize: MAX_HEAD,
        headers: { accept: 'application/json', cookie: `${options.cookie}=${cookie}` },
      });
      const fail = (text: string, stale = false, cause?: unknown): void => {
        over = true;
        reject(new NoReply(text, stale, cause));
        outgoing.destroy();
      };
      const broken = (cause?: unknown): void => {
        if (!over) fail('The connection broke.', outgoing.reusedSocket && !answered, cause);
      };
      const timer = setTimeout(() => fail('No answer in time.'), timeoutMs);
      let answered = false;
      outgoing.on('information', () => (answered = true));
      outgoing.on('response', (incoming) => {
        answered = true;
        const status = incoming.statusCode ?? 0;
        // Only 200 says something in its body; of any other a little is let by, so that the connection can be kept.
        if (status !== 200) resolve({ status, body: Buffer.alloc(0) });
        collect(incoming, fail, (body) => {
          over = true;
          resolve({ status, body });
        });
      });
      outgoing.on('error', broken);
      outgoing.on('close', () => {
        clearTimeout(timer);
        // Without an error too: after a 101, for one.
        broken();
      });
      outgoing.end();
    });

  return async (cookie) => {
    const end = performance.now() + options.timeoutMs;
    try {
      return answerOf(
        await ask(cookie, options.timeoutMs).catch((error: unknown) => {
          // A kept connection that the endpoint had closed meanwhile says nothing; a fresh one does.
          if (error instanceof NoReply && error.stale) return ask(cookie, end - performance.now());
          throw error;
        }),
      );
    } catch (error) {
      throw error instanceof QuestionFault ? error : new QuestionFault('No answer.', true, error);
    }
  };
}

interface Reply {
  readonly status: number;
  readonly body: Buffer;
}

class NoReply extends Error {
  /** The connection had been used before and brought not one byte. */
  readonly stale: boolean;

  constructor(text: string, stale: boolean, cause: unknown) {
    super(text, { cause });
    this.stale = stale;
  }
}

function collect(
  incoming: IncomingMessage,
  fail: (text: string) => void,
  done: (body: Buffer) => void,
): void {
  const pieces: Buffer[] = [];
  let length = 0;
  incoming.on('data', (piece: Buffer) => {
    length += piece.length;
    pieces.push(piece);
    if (length > MAX_BODY) fail('The answer is too long.');
  });
  incoming.on('error', () => fail('The answer broke off.'));
  incoming.on('end', () => done(Buffer.concat(pieces)));
}

function answerOf({ status, body }: Reply): Answer {
  if (NOBODY.has(status)) return null;
  if (status !== 200)
    throw new QuestionFault('The answer has another status.', !QUESTION_REFUSED.has(status));
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new QuestionFault('The answer is no JSON.', true, cause);
  }
  if (typeof value !== 'object' || value === null || !('account' in value))
    throw new QuestionFault('The answer names no account.', true);
  if (value.account === null) return null;
  const account = accountOf(value.account);
  if (account === null) throw new QuestionFault('The account is none.', true);
  return { account, since: sinceOf('since' in value ? value.since : undefined) };
}

function sinceOf(value: unknown): Millis | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new QuestionFault('The time is none.', true);
  try {
    return parseTime(value, 'since');
  } catch (cause) {
    throw new QuestionFault('The time is none.', true, cause);
  }
}

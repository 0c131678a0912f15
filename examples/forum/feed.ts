import type { ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import type { Post } from './posts.ts';
import type { Session } from './sessions.ts';
import { regionLine } from './words.ts';
import type { Language } from './words.ts';

/** Who may listen at once, over both ways together; one more is told to come back. */
export const MAX_LISTENERS = 1000;
/** Shorter than any proxy's patience (a minute is usual): a silent feed is not taken for a dead one. */
const BEAT_MS = 25_000;
/** A listener that takes nothing is dropped, not waited for. */
const MAX_WAITING_BYTES = 64 * 1024;

interface Listener {
  readonly session: string | null;
  send(text: string): void;
  beat(): void;
  close(): void;
}

/** New posts as they come, to whoever listens. */
export interface Feed {
  readonly size: number;
  /** Whether one more may listen. */
  hasRoom(): boolean;
  addSocket(socket: WebSocket, session: Session | null): void;
  /** Takes over a response: Server-Sent Events (HTML, 9.2). */
  addStream(response: ServerResponse, session: Session | null): void;
  publish(post: Post): void;
  /**
   * Ends what a session listens to. The gateway sees the account when a tunnel begins, not what happens inside it, so
   * a log-out must not leave tunnels behind that still stand for the account.
   */
  leave(session: Session): void;
  close(): void;
}

/** What both ways carry; the page makes text of it, never markup. */
function messageOf(post: Post, language: Language): string {
  return JSON.stringify({
    author: post.author,
    title: post.title,
    text: post.text,
    at: post.at.toISOString(),
    region: post.region === null ? null : regionLine(post.region.label, language),
  });
}

export function createFeed(language: Language, max = MAX_LISTENERS): Feed {
  const listeners = new Set<Listener>();
  const timer = setInterval(() => {
    for (const listener of listeners) listener.beat();
  }, BEAT_MS);
  timer.unref();

  return {
    get size() {
      return listeners.size;
    },
    hasRoom: () => listeners.size < max,

    addSocket(socket, session) {
      let answered = true;
      const listener: Listener = {
        session: session?.id ?? null,
        send(text) {
          if (socket.bufferedAmount > MAX_WAITING_BYTES) socket.terminate();
          else socket.send(text);
        },
        beat() {
          if (!answered) socket.terminate();
          answered = false;
          socket.ping();
        },
        close: () => socket.terminate(),
      };
      listeners.add(listener);
      socket.on('pong', () => {
        answered = true;
      });
      socket.once('close', () => listeners.delete(listener));
      // `close` follows; a broken frame of one visitor is nobody else's trouble.
      socket.on('error', () => socket.terminate());
    },

    addStream(response, session) {
      const write = (text: string): void => {
        if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
        else response.write(text);
      };
      const listener: Listener = {
        session: session?.id ?? null,
        send: (text) => write(`data: ${text}\n\n`),
        beat: () => write(': \n\n'),
        close: () => response.end(),
      };
      listeners.add(listener);
      response.once('close', () => listeners.delete(listener));
      // The head goes out now; the browser comes back after 3 s when the stream ends.
      write('retry: 3000\n\n');
    },

    publish(post) {
      const text = messageOf(post, language);
      for (const listener of listeners) listener.send(text);
    },

    leave(session) {
      for (const listener of listeners) if (listener.session === session.id) listener.close();
    },

    close() {
      clearInterval(timer);
      for (const listener of listeners) listener.close();
    },
  };
}

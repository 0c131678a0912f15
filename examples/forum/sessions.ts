import { randomBytes, timingSafeEqual } from 'node:crypto';

export const COOKIE = 'sid';
export const LIFETIME_SECONDS = 7 * 24 * 3600;
const LIFETIME_MS = LIFETIME_SECONDS * 1000;

/** What a `sid` cookie stands for; `account` is null until somebody logs in. */
export interface Session {
  readonly id: string;
  readonly account: string | null;
  /** Carried by every form of this session; another site cannot know it. */
  readonly formToken: string;
  readonly expires: number;
}

export interface Sessions {
  find(cookieHeader: string | undefined): Session | null;
  /** A session under a fresh id. A log-in rotates: the id that was there before the log-in stops working. */
  start(account: string | null, previous: Session | null): Session;
  end(session: Session): void;
}

/** The value of the `sid` cookie; null when it is missing, twice there, or not one of ours. */
function sessionId(cookieHeader: string | undefined): string | null {
  if (cookieHeader === undefined || cookieHeader.length > 4096) return null;
  const values = cookieHeader
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${COOKIE}=`))
    .map((pair) => pair.slice(COOKIE.length + 1));
  const value = values[0];
  // Two cookies of one name: another host of this domain may have planted one; believe neither.
  return values.length === 1 && value !== undefined && /^[\w-]{32}$/.test(value) ? value : null;
}

/** `Set-Cookie` for a session. `secure` once the gateway speaks TLS; the demo is plain HTTP on loopback. */
export function sessionCookie(session: Session, secure: boolean): string {
  const flags = `Path=/; HttpOnly; SameSite=Lax; Max-Age=${LIFETIME_SECONDS}`;
  return `${COOKIE}=${session.id}; ${flags}${secure ? '; Secure' : ''}`;
}

export function clearedCookie(secure: boolean): string {
  return `${COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0${secure ? '; Secure' : ''}`;
}

/** Compares a form's token in constant time. */
export function tokenMatches(session: Session, given: string): boolean {
  const expected = Buffer.from(session.formToken);
  const offered = Buffer.from(given);
  return expected.length === offered.length && timingSafeEqual(expected, offered);
}

/**
 * Sessions in memory, at most `max` logged in and `max` anonymous. Anonymous ones cost a visitor nothing, so they
 * have a table of their own: a flood of them evicts only each other, never somebody who is logged in.
 */
export function createSessions(max: number, now: () => number = Date.now): Sessions {
  const anonymous = new Map<string, Session>();
  const loggedIn = new Map<string, Session>();

  function keep(table: Map<string, Session>, session: Session): void {
    const oldest = table.keys().next();
    if (table.size >= max && oldest.done !== true) table.delete(oldest.value);
    table.set(session.id, session);
  }

  function end(session: Session): void {
    anonymous.delete(session.id);
    loggedIn.delete(session.id);
  }

  return {
    find(cookieHeader) {
      const id = sessionId(cookieHeader);
      const session = id === null ? undefined : (loggedIn.get(id) ?? anonymous.get(id));
      if (session === undefined) return null;
      if (session.expires > now()) return session;
      end(session);
      return null;
    },

    start(account, previous) {
      if (previous !== null) end(previous);
      const session: Session = {
        id: randomBytes(24).toString('base64url'),
        account,
        formToken: randomBytes(24).toString('base64url'),
        expires: now() + LIFETIME_MS,
      };
      keep(account === null ? anonymous : loggedIn, session);
      return session;
    },

    end,
  };
}

import { canonicalAccount, type AccountId, type Subject } from '../../model/accounts.ts';
import type { Learned, RecordItem, RequestId } from '../../model/records.ts';
import type { BindingWanted, ContactBook } from '../client/contact-book.ts';
import type { LiveContact } from '../client/contact.ts';
import type { Announcement } from '../http1/headers.ts';
import { setCookie } from '../identity/cookies.ts';
import type { Believed, Credentials } from '../identity/identity.ts';
import type { GatewayParts } from '../options.ts';
import type { Route } from '../route-table.ts';

/** An upstream said of an account what cannot be stored; the response is withheld (R1). */
export class AnnouncementError extends Error {}

export interface AnnouncedExchange {
  readonly parts: GatewayParts;
  readonly book: ContactBook;
  readonly route: Route;
  /** The contact of the request; one that has ended meanwhile is made anew. */
  readonly contact: () => LiveContact;
  readonly believed: Believed | null;
  readonly believedSubject: Subject | null;
  readonly requestId: RequestId;
  readonly credentials: Credentials;
  /** The site's session cookie as the request carried it (identity `header`). */
  readonly requestCookie: string | null;
  /** Whether the request id is already recorded (unsafe methods). */
  readonly requestStored: boolean;
  /** The contact of a subject on this connection: another one behind a trusted proxy. */
  readonly contactOf: (subject: Subject) => LiveContact;
}

type Event = 'login' | 'logout' | 'publish';

/**
 * Makes durable what a response announces, before any byte of it is released: binding, session, publication, badge,
 * and which account the session cookie stands for from now on. What a response says overrides what was believed.
 */
export async function applyAnnouncement(
  exchange: AnnouncedExchange,
  announcement: Announcement,
  setCookies: readonly string[],
): Promise<void> {
  // Whatever was believed of the credentials, the response knows better (identity `introspect`).
  if (!confirms(announcement, exchange.believed)) {
    const forgotten = exchange.route.identity.forget(exchange.credentials);
    if (forgotten !== null) await forgotten;
  }
  const event = eventOf(announcement.event);
  const account = announcedAccount(exchange, announcement);
  if (account === null) {
    if (event === 'login') throw new AnnouncementError('a login without an account');
    if (announcement.account === '' || event === 'logout') await leave(exchange, null, event === 'logout');
    return;
  }
  if (event === 'logout') await leave(exchange, account, true);
  else await enter(exchange, account, event, setCookies);
}

/** Whether a response says of its credentials only what was believed. */
function confirms({ account, event }: Announcement, believed: Believed | null): boolean {
  return (
    (event === null || event === 'publish') && (account === null || account === (believed?.account ?? ''))
  );
}

function eventOf(text: string | null): Event | null {
  if (text === null) return null;
  if (text !== 'login' && text !== 'logout' && text !== 'publish')
    throw new AnnouncementError('an unknown event');
  return text;
}

function announcedAccount(
  { route, believed }: AnnouncedExchange,
  announcement: Announcement,
): AccountId | null {
  // Where the token names the account, the response cannot rename it; a log-in has no token yet.
  if (announcement.account === null || (route.identityMode === 'jwt' && believed !== null))
    return believed?.account ?? null;
  if (announcement.account === '') return null;
  const account = canonicalAccount(announcement.account);
  if (account === null) throw new AnnouncementError('an account id that cannot be');
  return account;
}

async function enter(
  exchange: AnnouncedExchange,
  account: AccountId,
  event: Event | null,
  setCookies: readonly string[],
): Promise<void> {
  const { parts, book, route, believed, believedSubject } = exchange;
  const { site } = route;
  const now = parts.clock();
  const subject =
    parts.subjects.known(site, account, now) ?? (await parts.subjects.subjectOf(site, account, now));
  const same = believed !== null && believed.account === account && event !== 'login';
  const learned: Learned =
    route.identityMode === 'jwt' && believed !== null ? 'jwt' : same ? 'session' : 'header';
  const contact = exchange.contactOf(subject);
  const binding: BindingWanted = { site, subject, learned, sessionSince: same ? believed.since : now };
  const items: RecordItem[] = [];
  const before = exchange.contact();
  if (believedSubject !== null && believedSubject !== subject && before.isBound(believedSubject)) {
    before.unbind(believedSubject);
    items.push({
      type: 'unbinding',
      connection: before.facts.id,
      subject: believedSubject,
      at: now,
    });
  }
  const what = { site, subject, at: now, connection: contact.facts.id, request: exchange.requestId };
  if (event === 'login') items.push({ type: 'session', event: 'login', learned, ...what });
  if (event === 'publish') items.push({ type: 'publication', ...what });
  // The request was recorded before anybody knew whose it is; now its response has said so.
  if (exchange.requestStored && believedSubject !== subject)
    items.push(book.requestItem(exchange.requestId, contact, site, { subject, learned }));
  if (event === 'login') contact.unbind(subject);
  await Promise.all([
    book.ensure(contact, binding, items),
    bindCookie(exchange, account, event, setCookies),
    showsBadge(route.badgeBasis, event)
      ? parts.badges.publish(site, account, contact.facts.region, contact.facts.client.address, now)
      : null,
  ]);
}

function showsBadge(basis: Route['badgeBasis'], event: Event | null): boolean {
  if (basis === 'any') return true;
  return event === 'publish' || (event === 'login' && basis === 'login');
}

/** From now on the cookie stands for the account. A cookie that lived before the login is not that login: `since` is now. */
async function bindCookie(
  { parts, route, believed, requestCookie }: AnnouncedExchange,
  account: AccountId,
  event: Event | null,
  setCookies: readonly string[],
): Promise<void> {
  if (route.sessionCookie === null) return;
  const set = setCookie(setCookies, route.sessionCookie, parts.clock());
  const cookie = set === null ? requestCookie : set.value;
  if (set !== null && requestCookie !== null && set.value !== requestCookie)
    await parts.sessions.unbind(route.site, requestCookie);
  if (cookie === null) return;
  if (event !== 'login' && cookie === requestCookie && believed?.account === account) return;
  // A renewed cookie of the same session keeps the session's age.
  const since =
    event !== 'login' && believed?.account === account && believed.since !== null
      ? believed.since
      : parts.clock();
  await parts.sessions.bind(route.site, cookie, account, since);
}

async function leave(
  exchange: AnnouncedExchange,
  account: AccountId | null,
  loggedOut: boolean,
): Promise<void> {
  const { parts, book, route, believed, believedSubject, requestCookie } = exchange;
  const now = parts.clock();
  const who = account ?? believed?.account ?? null;
  const work: Promise<void>[] = [];
  if (requestCookie !== null) work.push(parts.sessions.unbind(route.site, requestCookie));
  if (who !== null) {
    const subject =
      believed?.account === who && believedSubject !== null
        ? believedSubject
        : await parts.subjects.subjectOf(route.site, who, now);
    const contact = exchange.contact();
    const items: RecordItem[] = [];
    if (loggedOut) {
      const learned: Learned = believed?.learned ?? 'header';
      items.push({
        type: 'session',
        event: 'logout',
        site: route.site,
        subject,
        at: now,
        learned,
        connection: contact.facts.id,
        request: exchange.requestId,
      });
    }
    if (contact.isBound(subject)) {
      contact.unbind(subject);
      items.push({ type: 'unbinding', connection: contact.facts.id, subject, at: now });
    }
    const stored = book.ensure(contact, null, items);
    if (stored !== null) work.push(stored);
  }
  await Promise.all(work);
}

import { canonicalAccount, type AccountId, type Site, type Subject } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { canonicalRequestId, type Contact, type RecordItem, type RequestId } from '../model/records.ts';
import { DAY_MS, dayOf, parseTime, type Millis } from '../model/time.ts';
import type { ControlParts, SiteSettings } from './parts.ts';

/** An event as a site reports it. */
export interface SiteEvent {
  readonly type: 'login' | 'logout' | 'publication';
  readonly account: string;
  /** The X-Request-Id that came with the request by which the account acted. */
  readonly requestId: string;
  /** When it happened, by the site's clock; the request's own time when absent. */
  readonly at?: string | undefined;
}

export interface EventOutcome {
  /** Whether the contact of the request is bound to the account now. */
  readonly bound: boolean;
  /** It was stored before: a site may send a batch again. */
  readonly repeated: boolean;
}

/** How far the site's clock may be ahead of ours, and behind the request's time. */
const CLOCK_SLACK_MS = 60_000;

interface Act {
  readonly event: SiteEvent;
  readonly site: Site;
  readonly settings: SiteSettings;
  readonly account: AccountId;
  readonly subject: Subject;
  readonly request: RequestId;
  readonly contact: Contact;
  /** When the request came. */
  readonly requestAt: Millis;
  /** When the act was. */
  readonly at: Millis;
}

/**
 * Makes an event durable: the binding of the request's contact to the account, the session or publication, the badge.
 * @throws ShudiError event.* when the event cannot be; records.unavailable | vault.* when it cannot be stored
 */
export async function storeEvent(
  parts: ControlParts,
  site: Site,
  settings: SiteSettings,
  event: SiteEvent,
): Promise<EventOutcome> {
  const act = await understand(parts, site, settings, event);
  const repeated = await wasStored(parts, act);
  const binding = bindingItems(parts, act);
  const items = [...binding.items, ...(repeated ? [] : [recordOf(act), ...naming(act)])];
  if (items.length > 0) await parts.records.writer.append(items);
  // After a crash in between, the site's repetition still sets the badge.
  if (setsBadge(settings, event)) await publishBadge(parts, act);
  return { bound: binding.bound, repeated };
}

async function understand(
  parts: ControlParts,
  site: Site,
  settings: SiteSettings,
  event: SiteEvent,
): Promise<Act> {
  const account = canonicalAccount(event.account);
  if (account === null)
    throw new ShudiError('event.account', 'An account id has no blanks or control characters.', 'account');
  const request = canonicalRequestId(event.requestId);
  const found = request === null ? null : await parts.records.reader.byRequest(request);
  // Another site's request is as unknown as none: a site may speak of its own only.
  if (request === null || found === null || found.site !== site)
    throw new ShudiError('event.unknown-request', 'No such request was recorded.', 'requestId');
  const now = parts.clock();
  const at = event.at === undefined ? found.at : parseTime(event.at, 'at');
  if (at < found.at - CLOCK_SLACK_MS || at > now + CLOCK_SLACK_MS) {
    throw new ShudiError('event.time', 'This lies before the request or in the future.', 'at');
  }
  // Records of a day are looked for in that day's partition and the next one.
  if (now - found.at > DAY_MS)
    throw new ShudiError('event.too-late', 'The request is more than a day old.', 'requestId');
  // One subject for all that follows from the request, though the month may end between it and the act.
  const subject = await parts.subjects.subjectOf(site, account, found.at);
  return {
    event,
    site,
    settings,
    account,
    subject,
    request,
    contact: found.contact,
    requestAt: found.at,
    at,
  };
}

async function wasStored(parts: ControlParts, { event, subject, request, requestAt }: Act): Promise<boolean> {
  // The site's clock is no part of what makes an event the same.
  const window = {
    from: (requestAt - CLOCK_SLACK_MS) as Millis,
    to: (parts.clock() + CLOCK_SLACK_MS) as Millis,
  };
  const { reader } = parts.records;
  if (event.type === 'publication') {
    const stored = await reader.publicationsOf(subject, window, 1000);
    return stored.some((item) => item.request === request);
  }
  const stored = await reader.sessionsOf(subject, window, 1000);
  return stored.some((item) => item.request === request && item.event === event.type);
}

function recordOf({ event, site, subject, at, contact, request }: Act): RecordItem {
  const what = { site, subject, at, connection: contact.id, request };
  if (event.type === 'publication') return { type: 'publication', ...what };
  return { type: 'session', event: event.type, learned: 'event', ...what };
}

/** The request names the account from now on: where an address stands for many, nothing else could. */
function naming({ event, site, subject, contact, request, requestAt }: Act): RecordItem[] {
  if (event.type === 'logout') return [];
  return [
    { type: 'request', request, connection: contact.id, site, subject, learned: 'event', at: requestAt },
  ];
}

/** Whether a contact is one client's: an address without a port can be many people's at once. */
function isOneClient({ client, verdict }: Contact): boolean {
  return client.port !== null && verdict !== 'unverified';
}

/**
 * The account used the contact when the request came: the binding begins then, whatever the site's clock says. A logout
 * ends it.
 */
function bindingItems(parts: ControlParts, act: Act): { items: RecordItem[]; bound: boolean } {
  const { event, contact, site, subject, requestAt, at } = act;
  const held = contact.bindings.some(
    (item) =>
      item.subject === subject && item.from <= requestAt && (item.to === null || item.to >= requestAt),
  );
  // What is stored on a later day than a contact's end is not looked for there.
  if (contact.to !== null && dayOf(contact.to) < dayOf(parts.clock())) return { items: [], bound: held };
  // One person's act must not name all who share the address.
  if (!isOneClient(contact)) return { items: [], bound: held };
  const connection = contact.id;
  const items: RecordItem[] = [];
  if (event.type === 'logout') {
    const open = contact.bindings.some(
      (item) => item.subject === subject && (item.to === null || item.to > at),
    );
    const from = contact.bindings.findLast((item) => item.subject === subject)?.from ?? at;
    if (open) items.push({ type: 'unbinding', connection, subject, at: Math.max(at, from) as Millis });
    return { items, bound: false };
  }
  const since = event.type === 'login' ? at : null;
  if (!held) {
    items.push({
      type: 'binding',
      connection,
      site,
      subject,
      learned: 'event',
      from: requestAt,
      sessionSince: since,
    });
    if (event.type === 'login') items.push(...takenOver(act));
  }
  return { items, bound: true };
}

/**
 * Who was on the connection before a login has left it. Only where the contact is one client's: an address without a
 * port can be many people's at once.
 */
function takenOver({ contact, site, subject, requestAt }: Act): RecordItem[] {
  return contact.bindings
    .filter(
      (item) =>
        // What the gateway saw for itself stands: a site's word can make it doubtful, never undo it.
        item.learned === 'event' &&
        item.site === site &&
        item.subject !== subject &&
        item.from <= requestAt &&
        item.to === null,
    )
    .map((item) => ({ type: 'unbinding', connection: contact.id, subject: item.subject, at: requestAt }));
}

function setsBadge({ badgeBasis }: SiteSettings, { type }: SiteEvent): boolean {
  if (badgeBasis === 'any') return true;
  return type === 'publication' || (type === 'login' && badgeBasis === 'login');
}

async function publishBadge(parts: ControlParts, { site, account, contact, at }: Act): Promise<void> {
  const { address } = contact.client;
  await parts.badges.publish(site, account, parts.regions.lookup(address), address, at);
}

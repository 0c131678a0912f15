import { LRUCache } from 'lru-cache';
import type { Subject } from '../model/accounts.ts';
import type { Endpoint } from '../model/address.ts';
import { ShudiError } from '../model/errors.ts';
import {
  GATEWAY_SOURCE,
  type ConnectionId,
  type EndReason,
  type Learned,
  type RecordItem,
  type RequestId,
} from '../model/records.ts';
import type { Site } from '../model/accounts.ts';
import { monthStart, type Millis } from '../model/time.ts';
import type { ClientClaim } from './client-address.ts';
import { LiveContact } from './contact.ts';
import type { GatewayLimits, GatewayParts } from './options.ts';

export interface BindingWanted {
  readonly site: Site;
  readonly subject: Subject;
  readonly learned: Learned;
  readonly sessionSince: Millis | null;
}

const CHECKPOINT_BATCH = 10_000;
/** The soonest that a port is given to another connection in practice: TIME_WAIT of common systems, ms. */
const PORT_REUSE_MS = 60_000;

/** All clients that are connected now; the only place that makes and ends connection records. */
export class ContactBook {
  readonly #parts: GatewayParts;
  readonly #limits: GatewayLimits;
  readonly #direct = new Set<LiveContact>();
  readonly #claimed: LRUCache<string, LiveContact>;
  #nextId: number;
  #coveredTo: Millis;
  #failed = false;

  constructor(parts: GatewayParts, limits: GatewayLimits) {
    this.#parts = parts;
    this.#limits = limits;
    // Ids follow the clock, so that they stay sorted over restarts; 4,096 a millisecond keep them below 2^53.
    this.#nextId = Math.max(parts.records.firstConnection, parts.clock() * 4096);
    this.#coveredTo = parts.clock();
    // Then nothing is forwarded any more, not even what needs no new record: its end could not be stored.
    void parts.records.failed.then(() => (this.#failed = true));
    this.#claimed = new LRUCache({
      max: limits.claimedClients,
      dispose: (contact, _key, reason) =>
        this.#end(contact, this.#parts.clock(), reason === 'evict' ? 'evicted' : 'idle'),
    });
  }

  /** The contact of a client that is connected to us itself: one a connection. */
  direct(listener: string, peer: Endpoint, own: Endpoint, from: Millis): LiveContact {
    const contact = this.#make(listener, peer, own, { client: peer, verdict: 'direct', chain: '' }, from);
    this.#direct.add(contact);
    return contact;
  }

  /**
   * The contact of a client that a trusted proxy speaks for, over all of the proxy's connections. With a port it is the
   * client's own connection, whoever uses it; without one an address may stand for many, so each subject is kept apart.
   */
  claimed(
    listener: string,
    peer: Endpoint,
    own: Endpoint,
    claim: ClientClaim,
    subject: Subject | null,
  ): LiveContact {
    const port = claim.client.port ?? '?';
    const who = claim.client.port === null ? (subject ?? '-') : '';
    const key = `${listener} ${claim.client.address} ${port} ${claim.verdict} ${peer.address} ${who}`;
    const known = this.#claimed.get(key);
    if (known !== undefined && !this.#isOver(known)) return known;
    // Setting the key anew ends what it held.
    const contact = this.#make(listener, peer, own, claim, this.#parts.clock());
    this.#claimed.set(key, contact);
    return contact;
  }

  /** A direct client has gone. */
  leave(contact: LiveContact, closed: Millis): void {
    this.#direct.delete(contact);
    this.#end(contact, closed, 'closed');
  }

  /**
   * Makes durable what must be before the next step: the contact, its binding, and `extra`.
   * Returns null when all of it is durable already; the promise rejects when it cannot be.
   */
  ensure(
    contact: LiveContact,
    binding: BindingWanted | null,
    extra: readonly RecordItem[],
  ): Promise<void> | null {
    if (this.#failed)
      return Promise.reject(new ShudiError('records.unavailable', 'The recorder has failed.'));
    const items: RecordItem[] = [];
    if (!contact.stored) items.push(contact.record());
    if (binding !== null && !contact.isBound(binding.subject)) {
      const from = this.#parts.clock();
      // A session that lasts over a month would tie the subjects of both months together (R6).
      const sessionSince =
        binding.sessionSince === null ? null : (Math.max(binding.sessionSince, monthStart(from)) as Millis);
      items.push({ type: 'binding', connection: contact.facts.id, from, ...binding, sessionSince });
    }
    items.push(...extra);
    if (items.length === 0) return contact.pending;
    contact.stored = true;
    if (binding !== null) contact.bind(binding.subject);
    const stored = this.#parts.records.append(items);
    contact.pending = stored;
    stored.then(
      () => {
        if (contact.pending === stored) contact.pending = null;
      },
      () => contact.forget(),
    );
    return stored;
  }

  /** Notes what may become durable later: the end of something. A failed recorder tells by the next `ensure`. */
  note(item: RecordItem): void {
    this.#parts.records.append([item]).catch(() => undefined);
  }

  /** The record that ties an unsafe request to its contact. */
  requestItem(
    request: RequestId,
    contact: LiveContact,
    site: Site,
    named: { readonly subject: Subject; readonly learned: Learned } | null,
  ): RecordItem {
    return {
      type: 'request',
      request,
      connection: contact.facts.id,
      site,
      subject: named?.subject ?? null,
      learned: named?.learned ?? null,
      at: this.#parts.clock(),
    };
  }

  /**
   * Stores how far every live client has come, and that the recorder saw all until now (R1: every 30 s).
   * Ends claimed clients that have been silent for long.
   */
  async checkpoint(): Promise<void> {
    const now = this.#parts.clock();
    let items: RecordItem[] = [];
    const writing: Promise<void>[] = [];
    const visit = (contact: LiveContact): void => {
      if (!contact.stored || contact.ended || contact.lastByte <= contact.checkpointed) return;
      contact.checkpointed = contact.lastByte;
      items.push({ type: 'checkpoint', connection: contact.facts.id, to: contact.lastByte });
      if (items.length >= CHECKPOINT_BATCH) {
        writing.push(this.#parts.records.append(items));
        items = [];
      }
    };
    for (const contact of this.#direct) visit(contact);
    for (const [key, contact] of this.#claimed.entries()) {
      if (this.#isOver(contact)) this.#claimed.delete(key);
      else visit(contact);
    }
    items.push({ type: 'coverage', source: GATEWAY_SOURCE, from: this.#coveredTo, to: now });
    writing.push(this.#parts.records.append(items));
    await Promise.all(writing);
    this.#coveredTo = now;
  }

  /** Ends everything: the gateway stops. */
  close(): void {
    const now = this.#parts.clock();
    for (const contact of this.#direct) this.#end(contact, now, 'stopped');
    for (const contact of this.#claimed.values()) this.#end(contact, now, 'stopped');
    this.#direct.clear();
  }

  counts(): { direct: number; claimed: number } {
    return { direct: this.#direct.size, claimed: this.#claimed.size };
  }

  /**
   * Whether a claimed client has been silent so long that it has ended. Nobody tells us when its connection closes, and
   * a NAT may give the port to somebody else a minute later: that one must not inherit a binding.
   */
  #isOver(contact: LiveContact): boolean {
    const silence =
      contact.facts.client.port === null
        ? this.#limits.claimedIdleMs
        : Math.min(this.#limits.claimedIdleMs, PORT_REUSE_MS);
    return contact.uses === 0 && contact.lastByte < this.#parts.clock() - silence;
  }

  #make(listener: string, peer: Endpoint, own: Endpoint, claim: ClientClaim, from: Millis): LiveContact {
    const id = this.#nextId as ConnectionId;
    this.#nextId = Math.max(this.#nextId + 1, from * 4096);
    return new LiveContact({
      id,
      listener,
      peer,
      own,
      from,
      ...claim,
      clockErrorMs: this.#parts.clockErrorMs(),
      region: this.#parts.regions.lookup(claim.client.address),
    });
  }

  #end(contact: LiveContact, closed: Millis, reason: EndReason): void {
    if (contact.ended) return;
    contact.ended = true;
    if (!contact.stored) return;
    const at = Math.max(closed, contact.lastByte) as Millis;
    this.note({ type: 'end', connection: contact.facts.id, to: contact.lastByte, closed: at, reason });
  }
}

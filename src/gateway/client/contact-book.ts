import { LRUCache } from 'lru-cache';
import type { Subject } from '../../model/accounts.ts';
import type { Endpoint, IpAddress } from '../../model/address.ts';
import { ShudiError } from '../../model/errors.ts';
import {
  GATEWAY_SOURCE,
  type EndReason,
  type Learned,
  type RecordItem,
  type RequestId,
} from '../../model/records.ts';
import type { Site } from '../../model/accounts.ts';
import { monthStart, type Millis } from '../../model/time.ts';
import { Registry } from '../../platform/registry.ts';
import { clientPrefix } from '../guard/client-prefix.ts';
import type { RecordBudget } from '../guard/record-budget.ts';
import type { ClientClaim } from './client-address.ts';
import { LiveContact } from './contact.ts';
import type { GatewayLimits, GatewayParts } from '../options.ts';

export interface BindingWanted {
  readonly site: Site;
  readonly subject: Subject;
  readonly learned: Learned;
  readonly sessionSince: Millis | null;
}

const CHECKPOINT_BATCH = 10_000;
/** The soonest that a port is given to another connection in practice: TIME_WAIT of common systems, ms. */
const PORT_REUSE_MS = 60_000;
/** Rows of a connection that comes, asks and goes: itself, its egress endpoint, its end. */
const ROWS = 3;

/** What a contact book works with. */
export type BookParts = Pick<GatewayParts, 'records' | 'regions' | 'clock' | 'clockErrorMs'>;

/** What a contact book is told by the configuration. */
export interface BookOptions {
  readonly limits: Pick<GatewayLimits, 'claimedClients' | 'claimedIdleMs'>;
  readonly budget: RecordBudget;
  /** Told of a client whose records are aggregated from now on. */
  readonly aggregated: (listener: string, client: IpAddress) => void;
}

/** All clients that are connected now; the only place that makes and ends connection records. */
export class ContactBook {
  readonly #parts: BookParts;
  readonly #direct = new Registry<LiveContact>();
  #options: BookOptions;
  /** Made with the first client that a proxy speaks for: it takes its full size at once. */
  #claimed: LRUCache<string, LiveContact> | null = null;
  #coveredTo: Millis;
  #epoch: number;

  constructor(parts: BookParts, options: BookOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#coveredTo = parts.clock();
    this.#epoch = parts.records.epoch;
  }

  /** After a reload: what is kept in mind beyond the new bound is recorded anew. */
  configure(options: BookOptions): void {
    const resize = options.limits.claimedClients !== this.#options.limits.claimedClients;
    this.#options = options;
    if (!resize) return;
    this.#claimed?.clear();
    this.#claimed = null;
  }

  /** The opening of the recorder that contacts are stored in; 0 while nothing can be stored. Notices a new one. */
  get epoch(): number {
    const { epoch } = this.#parts.records;
    if (epoch !== this.#epoch && epoch !== 0) this.#reopened(epoch);
    return epoch;
  }

  /**
   * The contact of a client that is connected to us itself, or that PROXY protocol tells of: one a connection, or one
   * for all connections of a client that has used up its budget of records.
   */
  direct(listener: string, peer: Endpoint, own: Endpoint, claim: ClientClaim, from: Millis): LiveContact {
    if (this.#options.budget.spend(claim.client.address, ROWS) === 'aggregate')
      return this.#aggregate(listener, peer, own, claim.client.address);
    const contact = this.#make(listener, peer, own, claim, from);
    contact.place = this.#direct.add(contact);
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
    const { address, port } = claim.client;
    const who = port === null ? (subject ?? '-') : '';
    const key = `${address} ${port ?? '?'} ${who} ${claim.verdict} ${peer.address} ${listener}`;
    const known = this.#claimedTable.get(key);
    if (known !== undefined && !this.#isOver(known)) return known;
    if (this.#options.budget.spend(address, ROWS) === 'aggregate')
      return this.#aggregate(listener, peer, own, address);
    // Setting the key anew ends what it held.
    const contact = this.#make(listener, peer, own, claim, this.#parts.clock());
    this.#claimedTable.set(key, contact);
    return contact;
  }

  /** Whether the client may cause one more record of its own. */
  maySpend(client: IpAddress): boolean {
    return this.#options.budget.spend(client, 1) === 'single';
  }

  /** A direct client has gone. */
  leave(contact: LiveContact, closed: Millis): void {
    // Nowhere when it has ended with the recorder, or all its client's connections share it.
    if (contact.place.index === -1) return;
    this.#direct.remove(contact.place);
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
    // Then nothing is forwarded, not even what needs no new record: its end could not be stored.
    if (this.epoch === 0)
      return Promise.reject(new ShudiError('records.unavailable', 'The recorder is away.'));
    if (contact.ended)
      return Promise.reject(new ShudiError('records.unavailable', 'The record of the connection has ended.'));
    const items: RecordItem[] = [];
    const isNew = !contact.stored;
    if (isNew) items.push(contact.record());
    const bound = binding === null || contact.isBound(binding.subject) ? null : binding.subject;
    if (binding !== null && bound !== null) {
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
    // Only what this append carried: the recorder takes no record of a connection twice.
    contact.follow(stored, () => {
      if (isNew) contact.stored = false;
      if (bound !== null) contact.unbind(bound);
    });
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
    if (this.epoch === 0) return;
    this.#direct.each(visit);
    const used: string[] = [];
    for (const [key, contact] of this.#claimed?.entries() ?? []) {
      if (this.#isOver(contact)) this.#claimed?.delete(key);
      else visit(contact);
      if (contact.uses > 0) used.push(key);
    }
    // Tunnels do not ask for their contact again: it is not the first to go when there are too many.
    for (const key of used) this.#claimed?.get(key);
    items.push({ type: 'coverage', source: GATEWAY_SOURCE, from: this.#coveredTo, to: now });
    writing.push(this.#parts.records.append(items));
    await Promise.all(writing);
    this.#coveredTo = now;
  }

  /** Ends everything: the gateway stops. */
  close(): void {
    const now = this.#parts.clock();
    this.#direct.each((contact) => this.#end(contact, now, 'stopped'));
    for (const contact of this.#claimed?.values() ?? []) this.#end(contact, now, 'stopped');
    this.#direct.clear();
  }

  counts(): { direct: number; claimed: number } {
    return { direct: this.#direct.size, claimed: this.#claimed?.size ?? 0 };
  }

  /**
   * Whether a claimed client has been silent so long that it has ended. Nobody tells us when its connection closes, and
   * a NAT may give the port to somebody else a minute later: that one must not inherit a binding.
   */
  #isOver(contact: LiveContact): boolean {
    const silence =
      contact.facts.client.port === null
        ? this.#options.limits.claimedIdleMs
        : Math.min(this.#options.limits.claimedIdleMs, PORT_REUSE_MS);
    return contact.uses === 0 && contact.lastByte < this.#parts.clock() - silence;
  }

  /**
   * One contact for all connections of a client beyond its budget, for as long as it goes on (R11): without a port, and
   * for IPv6 under the first address of its /64, as its interface part is free to choose.
   */
  #aggregate(listener: string, peer: Endpoint, own: Endpoint, client: IpAddress): LiveContact {
    const prefix = clientPrefix(client);
    const address = (prefix.endsWith('/64') ? prefix.slice(0, -3) : prefix) as IpAddress;
    const key = `aggregated ${address} ${peer.address} ${listener}`;
    this.#options.aggregated(listener, client);
    const known = this.#claimedTable.get(key);
    if (known !== undefined && !this.#isOver(known)) return known;
    const claim: ClientClaim = { client: { address, port: null }, verdict: 'aggregated', chain: '' };
    const contact = this.#make(
      listener,
      { address: peer.address, port: null },
      own,
      claim,
      this.#parts.clock(),
    );
    this.#claimedTable.set(key, contact);
    return contact;
  }

  get #claimedTable(): LRUCache<string, LiveContact> {
    this.#claimed ??= new LRUCache({
      max: this.#options.limits.claimedClients,
      dispose: (contact, _key, reason) =>
        this.#end(contact, this.#parts.clock(), reason === 'evict' ? 'evicted' : 'idle'),
    });
    return this.#claimed;
  }

  /** The recorder is back from a crash: what it held has ended there, so whoever goes on is recorded anew. */
  #reopened(epoch: number): void {
    this.#epoch = epoch;
    this.#coveredTo = this.#parts.clock();
    this.#direct.each((contact) => {
      contact.ended = true;
    });
    for (const contact of this.#claimed?.values() ?? []) contact.ended = true;
    this.#direct.clear();
    this.#claimed?.clear();
  }

  #make(listener: string, peer: Endpoint, own: Endpoint, claim: ClientClaim, from: Millis): LiveContact {
    return new LiveContact({
      id: this.#parts.records.nextConnection(from),
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

import type { Site } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import type { Journal, JournalEntry, JournalHead, Json } from '../model/journal.ts';
import { systemClock, type Clock, type Millis } from '../model/time.ts';
import type { EntryKind } from './entries.ts';
import { applyEntry, judge } from './fold.ts';
import { personOf, unknownToken } from './rules.ts';
import { emptyState, type Person, type RegisterState, type Token } from './state.ts';
import { hashToken } from './tokens.ts';

export interface RegisterOptions {
  readonly journal: Journal;
  readonly clock?: Clock;
  /** How long an approval may wait to be used, ms; 24 h when absent. */
  readonly grantTtlMs?: number;
}

/** A decision on a state: the entry that makes it true. */
export interface Decision {
  readonly kind: EntryKind;
  readonly actor: string;
  readonly body: { readonly [key: string]: Json };
}

/** Who a bearer token belongs to. */
export type Caller =
  | { readonly kind: 'person'; readonly person: Person; readonly token: Token }
  | { readonly kind: 'site'; readonly site: Site; readonly token: Token };

const PAGE = 1000;
/** Other processes append too; who loses this often in a row is told to try again. */
const ATTEMPTS = 50;
const GENESIS: JournalHead = { seq: 0, hash: '0'.repeat(64) };
const DAY_MS = 86_400_000;

/**
 * What the journal says of people, tokens, cases, requests and grants, kept current.
 *
 * The journal is the only place where control state is stored: a decision is made on the state at the head, its entry is
 * appended on condition that the head is still the same, and only when the entry is durable does it take effect (R7).
 * Several processes may do so at once.
 */
export class Register {
  readonly clock: Clock;
  readonly grantTtlMs: number;
  readonly #journal: Journal;
  readonly #state: RegisterState = emptyState();
  #head: JournalHead = GENESIS;
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(options: RegisterOptions) {
    this.#journal = options.journal;
    this.clock = options.clock ?? systemClock;
    this.grantTtlMs = options.grantTtlMs ?? DAY_MS;
  }

  /** The state as of the last `refresh` or `act`; to be read, not kept. */
  get state(): RegisterState {
    return this.#state;
  }

  /** The newest entry that the state holds. */
  get head(): JournalHead {
    return this.#head;
  }

  /**
   * Reads what was appended since, also by other processes.
   * @throws ShudiError journal.unavailable | journal.broken
   */
  refresh(): Promise<void> {
    // A reading that has not begun sees all that is durable now, so that many callers can share it.
    this.#next ??= this.#alone(async () => {
      this.#next = null;
      await this.#fold();
    });
    return this.#next;
  }

  /**
   * Decides on the newest state and appends the decision; when somebody else was faster, decides again.
   * @param decide  pure; throws a ShudiError to refuse
   * @returns the entry, when it is durable and in the state
   * @throws ShudiError whatever `decide` throws; journal.invalid | journal.unavailable | journal.broken | journal.moved
   */
  act(decide: (state: RegisterState, now: Millis) => Decision): Promise<JournalEntry> {
    return this.#alone(async () => {
      for (let attempt = 1; ; attempt++) {
        const before = this.#head;
        await this.#fold();
        if (attempt > 1 && this.#head.seq === before.seq) await this.#requireHead();
        const decision = decide(this.#state, this.clock());
        // By the very rules that it will be read by: an entry that no reader takes must not get into the journal.
        judge(this.#state, decision);
        const { kind, actor, body } = decision;
        try {
          const entry = await this.#journal.append(kind, actor, body, this.#head);
          this.#apply(entry);
          return entry;
        } catch (error) {
          if (!(error instanceof ShudiError) || error.code !== 'journal.moved' || attempt === ATTEMPTS)
            throw error;
        }
      }
    });
  }

  /**
   * Whose token this is, on the newest state: a revocation counts from the moment that it is durable.
   * @throws ShudiError auth.unknown
   */
  async authenticate(secret: string): Promise<Caller> {
    const hash = hashToken(secret);
    if (hash === null) throw unknownToken();
    await this.refresh();
    const id = this.#state.tokensByHash.get(hash);
    const token = id === undefined ? undefined : this.#state.tokens.get(id);
    if (token === undefined || token.revokedAt !== null) throw unknownToken();
    if ('site' in token.owner) return { kind: 'site', site: token.owner.site, token };
    return { kind: 'person', ...personOf(this.#state, token.id) };
  }

  async #fold(): Promise<void> {
    for (;;) {
      const entries = await this.#journal.entries(this.#head.seq, PAGE);
      for (const entry of entries) this.#apply(entry);
      if (entries.length < PAGE) return;
    }
  }

  #apply(entry: JournalEntry): void {
    if (entry.seq !== this.#head.seq + 1 || entry.prev !== this.#head.hash) {
      throw new ShudiError('journal.broken', `Entry ${entry.seq} does not follow the one before.`);
    }
    applyEntry(this.#state, entry);
    this.#head = { seq: entry.seq, hash: entry.hash };
  }

  /** The journal says that it has moved, but shows nothing new: has it been cut, or exchanged? */
  async #requireHead(): Promise<void> {
    const head = await this.#journal.head();
    if (head.seq < this.#head.seq || (head.seq === this.#head.seq && head.hash !== this.#head.hash)) {
      throw new ShudiError('journal.broken', 'The journal no longer holds what was read from it.');
    }
  }

  #alone<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action, action);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

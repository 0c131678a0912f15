import type { Millis } from './time.ts';

/** JSON values that have one canonical form (RFC 8785): no undefined, no NaN. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One entry of the journal: `hash` = SHA-256 over the canonical JSON of all other fields, `prev` among them. */
export interface JournalEntry {
  readonly seq: number;
  readonly at: Millis;
  /** A stable dotted name such as `disclosure.approved`. */
  readonly kind: string;
  /** Who did it: `system`, `operator` (a command line on the machine), or a person's id. */
  readonly actor: string;
  readonly body: { readonly [key: string]: Json };
  /** Hex SHA-256 of the entry before, 64 zeros for the first. */
  readonly prev: string;
  readonly hash: string;
}

export interface JournalHead {
  readonly seq: number;
  readonly hash: string;
}

/**
 * The append-only log of every administrative act (R7, R8).
 *
 * - `append` MUST resolve only when the entry is on stable storage, and MUST reject otherwise.
 * - Entries MUST be chained in the order of `seq`, without holes, whichever process appended them.
 * - With `expect`, an append MUST be refused (`journal.moved`) when the head is another: a decision that was
 *   made on an older state takes no effect.
 * - Nothing is ever changed or removed through this interface.
 */
export interface Journal {
  append(
    kind: string,
    actor: string,
    body: { readonly [key: string]: Json },
    expect?: JournalHead,
  ): Promise<JournalEntry>;
  head(): Promise<JournalHead>;
  /** Entries with seq > after, in order, at most `limit`. */
  entries(after: number, limit: number): Promise<readonly JournalEntry[]>;
  close(): Promise<void>;
}

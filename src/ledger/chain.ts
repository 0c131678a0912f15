import { canonicalJson } from '../model/canonical-json.ts';
import type { JournalEntry, JournalHead, Json } from '../model/journal.ts';
import type { Millis } from '../model/time.ts';
import { entryHash, type StoredEntry } from './entry.ts';

/**
 * What is wrong with a chain at an entry.
 * - `schema`: the file is not a journal, or holds more than one
 * - `unreadable`: the database or the row is damaged
 * - `missing`, `repeated`: the number is not the next one
 * - `unchained`: it names another predecessor than the entry before
 * - `altered`: its content does not have its hash
 * - `forked`: a head that was seen before is not in this chain
 */
export type ChainFault =
  | 'schema'
  | 'unreadable'
  | 'missing'
  | 'repeated'
  | 'unchained'
  | 'altered'
  | 'forked';

/** The fault of an entry that must follow `before`, or null when it does. */
export function faultAfter(before: JournalHead, entry: StoredEntry): ChainFault | null {
  if (entry.seq > before.seq + 1) return 'missing';
  if (entry.seq < before.seq + 1) return 'repeated';
  if (entry.prev !== before.hash) return 'unchained';
  return faultWithin(entry);
}

/** The fault of an entry by itself: does its content have its hash, is its body the canonical text of an object? */
export function faultWithin(entry: StoredEntry): ChainFault | null {
  if (entryHash(entry) !== entry.hash) return 'altered';
  return bodyOf(entry) === null ? 'altered' : null;
}

/** The entry with its body as a value, or null when its body is not the canonical JSON of an object. */
export function revive(entry: StoredEntry): JournalEntry | null {
  const body = bodyOf(entry);
  if (body === null) return null;
  const { seq, at, kind, actor, prev, hash } = entry;
  return { seq, at: at as Millis, kind, actor, body, prev, hash };
}

function bodyOf(entry: StoredEntry): { readonly [key: string]: Json } | null {
  try {
    const value: unknown = JSON.parse(entry.bodyText);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    return canonicalJson(value) === entry.bodyText ? (value as { readonly [key: string]: Json }) : null;
  } catch {
    return null;
  }
}

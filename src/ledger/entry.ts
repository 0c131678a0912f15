import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/canonical-json.ts';
import { ShudiError } from '../model/errors.ts';
import type { JournalHead, Json } from '../model/journal.ts';

/** The head of a journal without entries. */
export const EMPTY_HEAD: JournalHead = { seq: 0, hash: '0'.repeat(64) };

/** The most bytes that the canonical JSON of a body may have. */
export const BODY_LIMIT = 64 * 1024;

const KIND = /^[a-z0-9]+(?:[.-][a-z0-9]+)*$/;
const KIND_LIMIT = 64;
const ACTOR = /^[^\p{Cc}\p{Cs}]{1,128}$/u;

/** An entry that is ready to be appended: checked, its body as canonical JSON. */
export interface Draft {
  readonly kind: string;
  readonly actor: string;
  readonly bodyText: string;
  readonly expect: JournalHead | null;
}

/** An entry as it lies in the file: the body is still text. */
export interface StoredEntry {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly actor: string;
  readonly bodyText: string;
  readonly prev: string;
  readonly hash: string;
}

/**
 * Checks an entry before anything waits for it.
 * @param kind  a dotted name in lower case, at most 64 characters
 * @param actor  1 to 128 characters, no control characters
 * @param body  at most 64 KiB as canonical JSON
 * @throws ShudiError journal.invalid
 */
export function draftOf(
  kind: string,
  actor: string,
  body: { readonly [key: string]: Json },
  expect?: JournalHead,
): Draft {
  if (kind.length > KIND_LIMIT || !KIND.test(kind)) throw invalid('The kind is no dotted name.', 'kind');
  if (!ACTOR.test(actor))
    throw invalid('The actor is empty, too long, or holds control characters.', 'actor');
  return { kind, actor, bodyText: bodyText(body), expect: expect ?? null };
}

function bodyText(body: { readonly [key: string]: Json }): string {
  let text: string;
  try {
    text = canonicalJson(body);
  } catch (cause) {
    throw invalid('The body is not JSON.', 'body', cause);
  }
  if (!text.startsWith('{')) throw invalid('The body is not an object.', 'body');
  if (Buffer.byteLength(text) > BODY_LIMIT)
    throw invalid(`The body has more than ${BODY_LIMIT} bytes.`, 'body');
  return text;
}

function invalid(detail: string, where: string, cause?: unknown): ShudiError {
  return new ShudiError('journal.invalid', detail, where, cause);
}

/**
 * Hex SHA-256 over the canonical JSON of all fields but `hash`. The body's text goes in as it is, so that a body that
 * is stored in any other spelling than the canonical one cannot have the hash either.
 */
export function entryHash(entry: Omit<StoredEntry, 'hash'>): string {
  const { actor, at, bodyText, kind, prev, seq } = entry;
  const fields = [
    `"actor":${JSON.stringify(actor)}`,
    `"at":${at}`,
    `"body":${bodyText}`,
    `"kind":${JSON.stringify(kind)}`,
    `"prev":${JSON.stringify(prev)}`,
    `"seq":${seq}`,
  ];
  return createHash('sha256')
    .update(`{${fields.join(',')}}`)
    .digest('hex');
}

import { ShudiError } from '../model/errors.ts';
import type { JournalEntry } from '../model/journal.ts';
import { isBodyOf, isEntryKind, type EntryKind } from './entries.ts';
import type { Change, Handlers } from './fold-parts.ts';
import { PEOPLE_HANDLERS } from './fold-people.ts';
import { REQUEST_HANDLERS } from './fold-requests.ts';
import type { RegisterState } from './state.ts';

const HANDLERS: Handlers<EntryKind> = { ...PEOPLE_HANDLERS, ...REQUEST_HANDLERS };

/**
 * Judges an entry by all rules, before it is written or when it is read.
 * @returns what it changes, to be called when it is durable
 * @throws ShudiError the rule that it breaks
 */
export function judge<Kind extends EntryKind>(
  state: RegisterState,
  entry: { readonly kind: Kind; readonly actor: string; readonly body: unknown },
): Change {
  const { kind, actor, body } = entry;
  if (!isBodyOf(kind, body)) throw new ShudiError('journal.invalid', `The body is none of ${kind}.`);
  return HANDLERS[kind](state, actor, body);
}

/**
 * Applies one journal entry; entries of other parts are passed over. The same entries always give the same state.
 * @throws ShudiError journal.broken when an entry breaks a rule: it was not written by this program
 */
export function applyEntry(state: RegisterState, entry: JournalEntry): void {
  const { kind, actor, body, seq, at } = entry;
  if (!isEntryKind(kind)) return;
  let change: Change;
  try {
    change = judge(state, { kind, actor, body });
  } catch (cause) {
    if (!(cause instanceof ShudiError)) throw cause;
    const detail = `Entry ${seq} (${kind}) breaks a rule: ${cause.code}.`;
    throw new ShudiError('journal.broken', detail, null, cause);
  }
  change(at);
}

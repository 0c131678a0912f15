import type { AccountId, Site, Subject } from '../model/accounts.ts';
import type { Millis } from '../model/time.ts';

/** The name of the channel between the main process and an import. */
export const SUBJECTS_CHANNEL = 'subjects';

/** Calls that may be under way at once; an import has no more than twice a thousand. */
export const MOST_CALLS = 4000;

/** What the main process does for an import: it gives the subjects of accounts that are named, and tells no name. */
export type SubjectsContract = {
  /** Comes first, and once: the site of all accounts that follow. */
  readonly open: { readonly argument: Site; readonly result: null };
  readonly subject: { readonly argument: readonly [AccountId, at: Millis]; readonly result: Subject };
};

import type { AccountId, Site, Subject } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { monthOf, monthsOf, type Millis } from '../model/time.ts';
import { subjectIndex } from './account-index.ts';
import type { Vault } from './vault.ts';

/** A source of `length` random bytes; tests inject their own. */
export type RandomBytes = (length: number) => Buffer;

/** Where subjects are stored, without any memory of its own: the vault, or the way to it. */
export interface SubjectStore {
  /** The subject of the month of `at`, drawn and stored when there is none. */
  subjectOf(site: Site, account: AccountId, at: Millis): Promise<Subject>;
  subjectsOf(site: Site, account: AccountId, from: Millis, to: Millis): Promise<readonly Subject[]>;
}

const SUBJECT_BYTES = 8;

/** With 64 random bits even one collision is not to be expected in the life of a site. */
const ATTEMPTS = 8;

/** @param key  the index key */
export function createVaultSubjects(vault: Vault, key: Buffer, random: RandomBytes): SubjectStore {
  return {
    subjectOf: async (site, account, at) => {
      const month = monthOf(at);
      const index = subjectIndex(key, site, account, month);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const subject = random(SUBJECT_BYTES).toString('hex') as Subject;
        const prepared = await vault.seals.add({ index, month, identity: { site, account }, subject });
        if ('existing' in prepared) return prepared.existing as Subject;
        const { sealed } = prepared;
        const stored = await vault.commits.add({ kind: 'subject', index, month, subject, sealed });
        if (stored !== null) return stored as Subject;
      }
      throw new ShudiError(
        'vault.unavailable',
        'Every drawn subject was taken: the random numbers are not random.',
      );
    },
    subjectsOf: async (site, account, from, to) => {
      const indexes = monthsOf(from, to).map((month) => subjectIndex(key, site, account, month));
      return (await vault.read('subjects', indexes)) as Subject[];
    },
  };
}

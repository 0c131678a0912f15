import { LRUCache } from 'lru-cache';
import type { AccountId, Site, Subject, SubjectDirectory } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { monthOf, monthsOf } from '../model/time.ts';
import { subjectIndex } from './account-index.ts';
import type { Vault } from './vault.ts';

/** A source of `length` random bytes; tests inject their own. */
export type RandomBytes = (length: number) => Buffer;

const SUBJECT_BYTES = 8;

/** With 64 random bits even one collision is not to be expected in the life of a site. */
const ATTEMPTS = 8;

export interface SubjectOptions {
  readonly vault: Vault;
  /** The index key. */
  readonly key: Buffer;
  readonly random: RandomBytes;
  readonly remembered: number;
}

/** See SubjectDirectory. `known` forgets the longest unused; `subjectOf` then finds the same one in the vault. */
export function createSubjects({
  vault,
  key: indexKey,
  random,
  remembered,
}: SubjectOptions): SubjectDirectory {
  const cache = new LRUCache<string, Subject>({ max: remembered });
  const underway = new Map<string, Promise<Subject>>();

  const findOrCreate = async (site: Site, account: AccountId, month: number): Promise<Subject> => {
    const account_ = subjectIndex(indexKey, site, account, month);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const subject = random(SUBJECT_BYTES).toString('hex') as Subject;
      const prepared = await vault.seals.add({
        index: account_,
        month,
        identity: { site, account },
        subject,
      });
      if ('existing' in prepared) return prepared.existing as Subject;
      const { sealed } = prepared;
      const stored = await vault.commits.add({ kind: 'subject', index: account_, month, subject, sealed });
      if (stored !== null) return stored as Subject;
    }
    throw new ShudiError(
      'vault.unavailable',
      'Every drawn subject was taken: the random numbers are not random.',
    );
  };

  return {
    known: (site, account, at) => cache.get(keyOf(site, account, monthOf(at))) ?? null,
    subjectOf: (site, account, at) => {
      const month = monthOf(at);
      const key = keyOf(site, account, month);
      const known = cache.get(key);
      if (known !== undefined) return Promise.resolve(known);
      const running = underway.get(key);
      if (running !== undefined) return running;
      const work = findOrCreate(site, account, month)
        .then((subject) => {
          cache.set(key, subject);
          return subject;
        })
        .finally(() => underway.delete(key));
      underway.set(key, work);
      return work;
    },
    subjectsOf: async (site, account, from, to) => {
      const indexes = monthsOf(from, to).map((month) => subjectIndex(indexKey, site, account, month));
      return (await vault.read('subjects', indexes)) as Subject[];
    },
  };
}

function keyOf(site: Site, account: AccountId, month: number): string {
  return `${month}\0${site}\0${account}`;
}

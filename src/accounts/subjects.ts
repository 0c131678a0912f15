import { LRUCache } from 'lru-cache';
import type { AccountId, Site, Subject, SubjectDirectory } from '../model/accounts.ts';
import { monthOf } from '../model/time.ts';
import type { SubjectStore } from './subject-store.ts';

/**
 * See SubjectDirectory. `known` forgets the longest unused; `subjectOf` then finds the same one in the store. What is
 * remembered never becomes wrong: a subject is for good.
 */
export function createSubjects(store: SubjectStore, remembered: number): SubjectDirectory {
  const cache = new LRUCache<string, Subject>({ max: remembered });
  const underway = new Map<string, Promise<Subject>>();
  return {
    known: (site, account, at) => cache.get(keyOf(site, account, monthOf(at))) ?? null,
    subjectOf: (site, account, at) => {
      const key = keyOf(site, account, monthOf(at));
      const known = cache.get(key);
      if (known !== undefined) return Promise.resolve(known);
      const running = underway.get(key);
      if (running !== undefined) return running;
      const work = store
        .subjectOf(site, account, at)
        .then((subject) => {
          cache.set(key, subject);
          return subject;
        })
        .finally(() => underway.delete(key));
      underway.set(key, work);
      return work;
    },
    subjectsOf: (site, account, from, to) => store.subjectsOf(site, account, from, to),
  };
}

function keyOf(site: Site, account: AccountId, month: number): string {
  return `${month}\0${site}\0${account}`;
}

import { LRUCache } from 'lru-cache';
import type { SessionDirectory, Site } from '../../model/accounts.ts';
import { MAX_CLOCK_ERROR_MS, type Clock, type Millis } from '../../model/time.ts';
import type { IntrospectOptions } from '../options.ts';
import type { Believed, Identified, Identity } from './believed.ts';
import { createBreaker } from './breaker.ts';
import { rawCookieValue } from './cookies.ts';
import { createQuestioner, QuestionFault } from './introspect-question.ts';

/** Answers that are kept, of either kind. */
const REMEMBERED = 50_000;
const MAX_COOKIE = 4096;
/** What can be asked with: printable ASCII. Any other value never came from a site, and would fail at will. */
const COOKIE_VALUE = /^[\x20-\x7e]+$/;

interface Remembered {
  readonly believed: Believed | null;
  readonly at: Millis;
}

interface Question {
  readonly answer: Promise<Identified>;
  /** Cleared by `forget`: what comes back is of before. */
  current: boolean;
}

/**
 * Asks the site's own endpoint whose a cookie is. Cookies are remembered only by their tag, so that another process can
 * tell of one that was logged out there.
 * @throws ShudiError config.invalid  when the address is none
 */
export function introspectIdentity(
  site: Site,
  options: IntrospectOptions,
  sessions: Pick<SessionDirectory, 'tagOf' | 'changed'>,
  clock: Clock,
  capacity = REMEMBERED,
): Identity {
  const questioner = createQuestioner(options);
  const breaker = createBreaker(clock);
  // Two caches, so that a flood of invented cookies cannot push out the known ones.
  const known = new LRUCache<string, Remembered>({ max: capacity });
  const nobodys = new LRUCache<string, Remembered>({ max: capacity });
  const asked = new Map<string, Question>();
  const refused: Identified = options.onFailure === 'refuse' ? 'refuse' : null;
  const unavailable: Identified = options.onFailure === 'refuse' ? 'unavailable' : null;
  let underWay = 0;

  const forgetKey = (key: string): void => {
    known.delete(key);
    nobodys.delete(key);
  };
  const forgetTag = (key: string): void => {
    forgetKey(key);
    const running = asked.get(key);
    if (running === undefined) return;
    running.current = false;
    asked.delete(key);
  };
  const remembered = (key: string): Remembered | undefined => {
    const entry = known.get(key) ?? nobodys.get(key);
    if (entry === undefined) return undefined;
    const age = clock() - entry.at;
    if (age >= 0 && age < options.cacheMs) return entry;
    forgetKey(key);
    return undefined;
  };

  const ask = async (cookie: string, isCurrent: () => boolean, key: string): Promise<Identified> => {
    underWay += 1;
    try {
      const asking = clock();
      const answer = await questioner(cookie);
      breaker.succeeded();
      const believed: Believed | null =
        answer === null
          ? null
          : { account: answer.account, learned: 'introspect', since: notAfter(answer.since, clock()) };
      if (isCurrent()) {
        forgetKey(key);
        (believed === null ? nobodys : known).set(key, { believed, at: asking });
      }
      return believed;
    } catch (error) {
      if (!(error instanceof QuestionFault)) throw error;
      if (!error.endpoint) {
        breaker.succeeded();
        return refused;
      }
      breaker.failed();
      return unavailable;
    } finally {
      underWay -= 1;
    }
  };

  return {
    identify({ cookie: header }) {
      const cookie = rawCookieValue(header, options.cookie);
      if (cookie === null) return null;
      if (cookie.length > MAX_COOKIE || !COOKIE_VALUE.test(cookie)) return refused;
      const key = sessions.tagOf(site, cookie);
      const entry = remembered(key);
      if (entry !== undefined) return entry.believed;
      const running = asked.get(key);
      if (running !== undefined) return running.answer;
      if (underWay >= options.concurrency || !breaker.allows()) return unavailable;
      const question: Question = {
        answer: ask(cookie, () => question.current, key).finally(() => {
          if (asked.get(key) === question) asked.delete(key);
        }),
        current: true,
      };
      asked.set(key, question);
      return question.answer;
    },
    forget({ cookie: header }) {
      const cookie = rawCookieValue(header, options.cookie);
      // One that no site can have set was never believed.
      if (cookie === null || cookie.length > MAX_COOKIE || !COOKIE_VALUE.test(cookie)) return null;
      forgetTag(sessions.tagOf(site, cookie));
      return sessions.changed(site, cookie);
    },
    forgetTag(tag) {
      if (tag !== null) {
        forgetTag(tag);
        return;
      }
      known.clear();
      nobodys.clear();
      for (const question of asked.values()) question.current = false;
      asked.clear();
    },
  };
}

/** The site's clock may be a little ahead of ours; a time beyond that is nonsense, and then it is not known. */
function notAfter(since: Millis | null, now: Millis): Millis | null {
  if (since === null || since <= now) return since;
  return since - now <= MAX_CLOCK_ERROR_MS ? now : null;
}

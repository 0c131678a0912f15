import { hash } from 'node:crypto';
import { canonicalAccount, type AccountId, type Site, type SubjectDirectory } from '../model/accounts.ts';
import type { RecordItem } from '../model/records.ts';
import { isHeldPrefix } from '../model/prefix.ts';
import { DAY_MS, type Millis } from '../model/time.ts';
import type { LeaseRecord, TranslationRecord } from '../model/translations.ts';
import type { MeasuredOffset } from './clock-offset.ts';
import type { LeaseFeed, ToldAccounting, ToldLease } from './lease-feed.ts';
import type { Source } from './source.ts';

export interface LeaseSourceOptions {
  readonly source: Source;
  readonly subjects: Pick<SubjectDirectory, 'subjectOf'>;
  /** Under which the vault keeps the subscribers of this source. */
  readonly site: Site;
  /** Told when the rows of a message were handed on to be stored, or will never be. */
  readonly onHanded?: () => void;
}

/** An access server's word: names go to the vault, records get subjects (R6). */
export class LeaseSource implements LeaseFeed {
  readonly #options: LeaseSourceOptions;

  constructor(options: LeaseSourceOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.source.name;
  }

  rejected(reason: string, count: number, sample?: string): void {
    this.#options.source.rejected(reason, count, sample);
  }

  async account(message: ToldAccounting): Promise<boolean> {
    const { source } = this.#options;
    const received = source.hear(message.sentMs);
    // When the vault is away or busy nothing is stored without the names, and the server sends again.
    const items = await this.#items(message, received).catch(() => null);
    const stored = items === null ? Promise.resolve(false) : source.store(items);
    this.#options.onHanded?.();
    return stored;
  }

  async #items(message: ToldAccounting, received: Millis): Promise<RecordItem[]> {
    const { source } = this.#options;
    const measured = message.byOurClock ? OUR_CLOCK : source.measured();
    const id = source.newMessage();
    const byDay = new Map<number, (TranslationRecord | LeaseRecord)[]>(
      source.translationItems(message, measured, received, message.leases.length, id),
    );
    for (const [place, told] of message.leases.entries()) {
      if (told.address !== null && !isHeldPrefix(told.address, told.bits)) {
        source.rejected('radius-prefix', 1);
        continue;
      }
      const at = source.timeOf(told.timeMs ?? message.sentMs, measured, received);
      if (at === null) {
        // It is answered, as sending it again would not help; and it is missing.
        source.untimely(received, LOST_MS);
        continue;
      }
      source.counts.leases += 1;
      const lease: LeaseRecord = {
        type: 'lease',
        message: id,
        place,
        source: source.name,
        event: told.event,
        session: told.session,
        server: told.server,
        realm: source.realmOf(''),
        address: told.address,
        bits: told.bits,
        ...(await this.#subjects(told, at)),
        at,
      };
      const day = Math.floor(at / DAY_MS);
      const list = byDay.get(day);
      if (list === undefined) byDay.set(day, [lease]);
      else list.push(lease);
    }
    const items = [...byDay].flatMap(([day, list]) => [
      source.messageItem(message.original, 'radius', day, id, { measured, received }, list),
      ...list,
    ]);
    if (message.restarted !== null) {
      source.counts.restarts += 1;
      const { server, timeMs } = message.restarted;
      const at = source.timeOf(timeMs ?? message.sentMs, measured, received) ?? received;
      items.push({ type: 'restart', source: source.name, server, at });
    }
    return items;
  }

  async #subjects(
    { userName, callingStation }: ToldLease,
    at: Millis,
  ): Promise<Pick<LeaseRecord, 'subject' | 'line'>> {
    const { subjects, site } = this.#options;
    const [subject, line] = await Promise.all([
      userName === null ? null : subjects.subjectOf(site, subscriberAccount(userName), at),
      callingStation === null ? null : subjects.subjectOf(site, lineAccount(callingStation), at),
    ]);
    return { subject, line };
  }
}

/** Of a time that is ours less what the server says of its delay: nobody has measured how true that is. */
const OUR_CLOCK: MeasuredOffset = { offsetMs: 0, errorMs: null };
/** What cannot be stored for its time happened about so long before it came, at the least, ms. */
const LOST_MS = 60_000;
const LINE = 'line:';
const MOST_CHARACTERS = 128;
const KEPT_CHARACTERS = 80;
/** A percent sign that no hex follows: no encoded name has it, so that none can pass for one that was cut. */
const CUT = '%~';
/** Of the digest, hex: nobody finds two names that share so much of it. */
const DIGEST_CHARACTERS = MOST_CHARACTERS - KEPT_CHARACTERS - CUT.length;

/** What the vault knows a user name by: itself, with what an account id may not hold written as percent signs and hex. */
export function subscriberAccount(userName: string): AccountId {
  const text = encoded(userName);
  return accountOf(text.startsWith(LINE) ? `%6C${text.slice(1)}` : text);
}

/** What the vault knows a calling number by: `line:` and the number, so that it is no user's name. */
export const lineAccount = (callingStation: string): AccountId =>
  accountOf(`${LINE}${encoded(callingStation)}`);

/** A name that is too long is cut; a digest of all of it keeps two such names apart. */
function accountOf(text: string): AccountId {
  const short =
    text.length <= MOST_CHARACTERS
      ? text
      : `${text.slice(0, KEPT_CHARACTERS)}${CUT}${hash('sha256', text, 'hex').slice(0, DIGEST_CHARACTERS)}`;
  const account = canonicalAccount(short);
  if (account === null) throw new RangeError('a name that was encoded is no account id');
  return account;
}

/** All but printable ASCII without the percent sign, and letters and figures of every script. */
const SPECIAL = /[^\x21-\x24\x26-\x7e\p{L}\p{M}\p{N}]|[\u{10000}-\u{10ffff}]/gu;

function encoded(name: string): string {
  const text = name.replace(SPECIAL, (character) =>
    bytesOf(character)
      .map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`)
      .join(''),
  );
  return text === '' ? '%' : text;
}

/** UTF-8; a lone surrogate, which has none, as if it were a character, so that two of them are two names. */
function bytesOf(character: string): number[] {
  if (character.isWellFormed()) return [...Buffer.from(character, 'utf8')];
  const code = character.charCodeAt(0);
  return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
}

import { LRUCache } from 'lru-cache';
import { systemClock, type Millis } from '../../model/time.ts';
import type { Waited } from '../feed.ts';
import { Budget } from './budget.ts';
import { Domain, type DomainOptions, type Rejected } from './domain.ts';
import type { Dialect } from './dialects.ts';
import { eachSet, readHead, setKind, type MessageHead } from './message.ts';
import { createNatEvent, type NatEvent } from './nat-event.ts';
import { readTemplates } from './template.ts';

/** Observation domains that one exporter may have; a chassis has one a line card. */
const MOST_DOMAINS = 64;
/** The one reason that is told by `onNeverCame` too. */
export const NEVER_CAME = 'template-never-came';

export interface DecoderOptions {
  /** The dialect that the operator has set for the exporter; null to recognise it. */
  readonly dialect: Dialect | null;
  /** Given the event of each record that tells of a translation, good until it returns. */
  readonly onEvent: (event: NatEvent, dialect: Dialect) => void;
  /** So many records (IPFIX) or packets (NetFlow v9) never came since then, by our clock; 0: nobody knows how many. */
  readonly onLost: (count: number, since: Millis) => void;
  /** The exporter began anew since then: what it held is gone. */
  readonly onRestart: (since: Millis) => void;
  /** A data set was given up, as its template did not come. */
  readonly onNeverCame?: (set: Waited) => void;
  /** What it may keep, together with others; without it alone. */
  readonly budget?: Budget;
}

export interface DecoderStatus {
  readonly messages: number;
  readonly records: number;
  readonly events: number;
  readonly lost: number;
  readonly late: number;
  readonly restarts: number;
  readonly rejected: Readonly<Rejected>;
  readonly templates: number;
  readonly optionsTemplates: number;
  /** Data sets that wait for their template. */
  readonly pending: number;
  readonly dialects: readonly Dialect[];
  readonly tellsTranslations: boolean;
}

/** Decodes what one exporter sends (RFC 7011; RFC 3954). Its memory is bounded, whatever comes. */
export class Decoder {
  readonly #options: DecoderOptions;
  readonly #event = createNatEvent();
  readonly #domains = new LRUCache<string, Domain>({
    max: MOST_DOMAINS,
    dispose: (domain) => domain.close(),
  });
  readonly #budget: Budget;
  readonly #rejected: Rejected = {};
  #messages = 0;
  #records = 0;
  #events = 0;
  #lost = 0;
  #late = 0;
  #restarts = 0;

  constructor(options: DecoderOptions) {
    this.#options = options;
    this.#budget = options.budget ?? new Budget();
  }

  /**
   * Takes a datagram, or one message of a stream. What makes no sense is counted with a reason; what came before it in
   * the message stands.
   * @param now  when it came, by our clock
   * @returns when the exporter sent it by its own clock, ms; null when it is no message
   */
  take(bytes: Buffer, now: Millis = systemClock()): number | null {
    const head = readHead(bytes, 0, bytes.length);
    if (typeof head === 'string') {
      this.#reject(`message-${head}`, 1);
      return null;
    }
    this.#messages += 1;
    const domain = this.#domainOf(head, now);
    domain.hear(now);
    this.#follow(domain, head);
    let counted: number | null = 0;
    const fault = eachSet(bytes, head, (id, start, end) => {
      const kind = setKind(id, head.version);
      if (kind === 'data') {
        const count = domain.data(id, bytes, start, end, head);
        counted = count === null || counted === null ? null : counted + count;
      } else if (kind === 'reserved') this.#reject('set-reserved', 1);
      else this.#templates(domain, bytes, start, end, head, kind === 'options-templates');
    });
    if (fault !== null) this.#reject(fault, 1);
    if (head.version === 10) domain.sequence.counted(fault === null ? counted : null);
    return head.exportMs;
  }

  /** Nothing comes any more: forgets all, and gives up what waits for its template. */
  close(): void {
    this.#domains.clear();
  }

  /** The live counters: cheap enough to be looked at for each message, which `status` is not. */
  get rejected(): Readonly<Rejected> {
    return this.#rejected;
  }

  /** Observation domains that it has sent for. */
  get domains(): number {
    return this.#domains.size;
  }

  /** What waits for its template may have happened from then on; null when nothing does. What waited too long is given up. */
  waitingSince(now: Millis): Millis | null {
    const waiting = [...this.#domains.values()].map(({ pending }) => pending);
    for (const sets of waiting) sets.expire(now);
    return earliest(waiting.map(({ since }) => since));
  }

  status(): DecoderStatus {
    const domains = [...this.#domains.values()];
    return {
      messages: this.#messages,
      records: this.#records,
      events: this.#events,
      lost: this.#lost,
      late: this.#late,
      restarts: this.#restarts,
      rejected: { ...this.#rejected },
      templates: domains.reduce((sum, domain) => sum + domain.templates().data, 0),
      optionsTemplates: domains.reduce((sum, domain) => sum + domain.templates().options, 0),
      pending: domains.reduce((sum, domain) => sum + domain.pending.size, 0),
      dialects: [...new Set(domains.flatMap((domain) => [...domain.dialects()]))],
      tellsTranslations: domains.some((domain) => domain.tellsTranslations()),
    };
  }

  #domainOf(head: MessageHead, now: Millis): Domain {
    const key = `${head.version} ${head.domain}`;
    const known = this.#domains.get(key);
    if (known !== undefined) return known;
    const { dialect, onEvent, onNeverCame } = this.#options;
    const options: DomainOptions = {
      dialect,
      event: this.#event,
      budget: this.#budget,
      onEvent: (event, read) => {
        this.#events += 1;
        onEvent(event, read);
      },
      onRecords: (count) => {
        this.#records += count;
      },
      reject: (reason, count) => this.#reject(reason, count),
      neverCame: (set) => {
        this.#reject(NEVER_CAME, 1);
        onNeverCame?.(set);
      },
    };
    const domain = new Domain(options, now);
    this.#domains.set(key, domain);
    return domain;
  }

  #follow(domain: Domain, head: MessageHead): void {
    const verdict = domain.sequence.take(head);
    if (verdict.kind === 'suspected') domain.jumpedSince ??= domain.since;
    const jumped = domain.jumpedSince;
    if (!domain.sequence.isSuspected) domain.jumpedSince = null;
    if (verdict.kind === 'lost') {
      this.#lost += verdict.count;
      this.#options.onLost(verdict.count, domain.since);
    } else if (verdict.kind === 'suspected') this.#options.onLost(0, domain.since);
    else if (verdict.kind === 'late') this.#late += 1;
    else if (verdict.kind === 'restarted') {
      this.#restarts += 1;
      this.#options.onRestart(jumped ?? domain.since);
    }
  }

  #templates(
    domain: Domain,
    bytes: Buffer,
    start: number,
    end: number,
    { version }: MessageHead,
    options: boolean,
  ): void {
    const fault = readTemplates(
      bytes,
      start,
      end,
      { version, options },
      {
        template: (template) => domain.define(template),
        withdrawn: (id) => domain.withdraw(id),
      },
    );
    if (fault !== null) this.#reject(fault, 1);
  }

  #reject(reason: string, count: number): void {
    this.#rejected[reason] = (this.#rejected[reason] ?? 0) + count;
  }
}

/** The earliest of some times; null when there is none. */
export const earliest = (times: readonly (Millis | null)[]): Millis | null =>
  times.reduce((least, time) => (time !== null && (least === null || time < least) ? time : least), null);

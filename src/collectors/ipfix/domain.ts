import type { Millis } from '../../model/time.ts';
import type { Waited } from '../feed.ts';
import type { Budget } from './budget.ts';
import { recognise, tellsTranslations, type Dialect } from './dialects.ts';
import { interpret, readNumber, type MessageTimes, type Verdict } from './interpret.ts';
import type { NatEvent } from './nat-event.ts';
import { PendingSets } from './pending.ts';
import { locate, planOf, type Plan } from './plan.ts';
import { Sequence } from './sequence.ts';
import { sameTemplate, type Template } from './template.ts';

/** Templates that one domain may have; real exporters have under 50. */
const MOST_TEMPLATES = 1024;
/** What a template and each of its fields take, bytes, with the plan to read it by. */
const TEMPLATE_BYTES = 4096;
const FIELD_BYTES = 80;

/** Why something was not taken, with how often; the reasons are few and fixed. */
export type Rejected = Record<string, number>;

export interface DomainOptions {
  /** The dialect that the operator has set; null to recognise it. */
  readonly dialect: Dialect | null;
  readonly event: NatEvent;
  readonly budget: Budget;
  /** Given the event of each record that tells of a translation, good until it returns. */
  readonly onEvent: (event: NatEvent, dialect: Dialect) => void;
  readonly onRecords: (count: number) => void;
  readonly reject: (reason: string, count: number) => void;
  /** A data set was given up, as its template did not come. */
  readonly neverCame: (set: Waited) => void;
}

interface Known {
  readonly template: Template;
  readonly plan: Plan;
  readonly tells: boolean;
  dialect: Dialect;
}

/** One observation domain of one exporter (RFC 7011, 2): its templates, its sequence, and what waits for a template. */
export class Domain {
  readonly sequence = new Sequence();
  readonly pending: PendingSets;
  readonly #options: DomainOptions;
  readonly #templates = new Map<number, Known>();
  /** Bit n: natEvent n has come. */
  #seen = 0;
  #came: Millis;
  /** When the message before was, by our clock: what this one tells, or lacks, may have happened since. */
  since: Millis;
  /** `since` of the message whose number jumped back, until it is known whether the exporter began anew. */
  jumpedSince: Millis | null = null;

  /** @param now  when its first message comes, by our clock */
  constructor(options: DomainOptions, now: Millis) {
    this.#options = options;
    this.#came = now;
    this.since = now;
    this.pending = new PendingSets(options.budget, options.neverCame);
  }

  /** It is forgotten: what waits is given up. */
  close(): void {
    this.pending.giveUp();
    for (const id of this.#templates.keys()) this.#forget(id);
  }

  /** A message comes: what it tells may have happened since the one before. */
  hear(now: Millis): void {
    this.since = this.#came;
    this.#came = now;
    this.pending.expire(now);
  }

  /** Templates of data, and of options. */
  templates(): { readonly data: number; readonly options: number } {
    const options = [...this.#templates.values()].filter(({ template }) => template.scope > 0).length;
    return { data: this.#templates.size - options, options };
  }

  /** The dialects that its templates are read in. */
  dialects(): Set<Dialect> {
    return new Set([...this.#templates.values()].filter(({ tells }) => tells).map(({ dialect }) => dialect));
  }

  /** Whether any template can tell of translations. */
  tellsTranslations(): boolean {
    return [...this.#templates.values()].some(({ tells }) => tells);
  }

  define(template: Template): void {
    const before = this.#templates.get(template.id);
    if (before === undefined || !sameTemplate(before.template, template)) {
      // Also when the new one has no place: by the old one its data would be misread.
      this.#forget(template.id);
      if (this.#templates.size >= MOST_TEMPLATES || !this.#options.budget.take(sizeOf(template))) {
        this.#options.reject('too-many-templates', 1);
        return;
      }
      const plan = planOf(template);
      const tells = template.scope === 0 && tellsTranslations(plan);
      const dialect = this.#options.dialect ?? recognise(plan, this.#seen);
      this.#templates.set(template.id, { template, plan, tells, dialect });
    }
    for (const { id, bytes, times } of this.pending.take(template.id))
      this.data(id, bytes, 0, bytes.length, times);
  }

  /** What waits for such a template will not be told by the next one of this number. */
  withdraw(id: number): void {
    this.pending.giveUp(id >= 256 ? id : undefined);
    if (id >= 256) this.#forget(id);
    else {
      // RFC 7011, 8.1: all templates, or all options templates.
      for (const [known, { template }] of this.#templates)
        if (template.scope > 0 === (id === 3)) this.#forget(known);
    }
  }

  /**
   * Reads the records of a data set.
   * @returns how many there were; null when their template has not come, so that they wait
   */
  data(id: number, bytes: Buffer, start: number, end: number, times: MessageTimes): number | null {
    const known = this.#templates.get(id);
    if (known === undefined) {
      const waits = { id, bytes: bytes.subarray(start, end), times, came: this.#came, since: this.since };
      this.pending.add(waits);
      return null;
    }
    const { minimum, isFixed } = known.template;
    let at = start;
    let count = 0;
    // What is shorter than a record is padding (RFC 7011, 3.3.1).
    while (end - at >= minimum) {
      const next = isFixed ? at + minimum : locate(known.plan, bytes, at, end);
      if (next === -1) {
        this.#options.reject('record-cut', 1);
        break;
      }
      count += 1;
      if (known.tells) this.#record(known, bytes, at, times);
      at = next;
    }
    this.#options.onRecords(count);
    return count;
  }

  #forget(id: number): void {
    const known = this.#templates.get(id);
    if (known === undefined) return;
    this.#templates.delete(id);
    this.#options.budget.giveBack(sizeOf(known.template));
  }

  #record(known: Known, bytes: Buffer, start: number, times: MessageTimes): void {
    const { event, onEvent, reject } = this.#options;
    const { natEvent } = known.plan.places;
    if (natEvent.offset !== -1) this.#noteEvent(known, readNumber(bytes, start, natEvent));
    const verdict: Verdict = interpret(known.plan, bytes, start, times, known.dialect, event);
    if (verdict === 'event') onEvent(event, known.dialect);
    else reject(verdict, 1);
  }

  /** A number that was not seen before may tell the dialect. */
  #noteEvent(known: Known, event: number): void {
    if (event > 31 || (this.#seen & (1 << event)) !== 0) return;
    this.#seen |= 1 << event;
    if (this.#options.dialect !== null) return;
    for (const each of this.#templates.values()) each.dialect = recognise(each.plan, this.#seen);
    known.dialect = recognise(known.plan, this.#seen);
  }
}

const sizeOf = ({ fields }: Template): number => TEMPLATE_BYTES + fields.length * FIELD_BYTES;

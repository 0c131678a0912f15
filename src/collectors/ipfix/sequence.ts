import { DAY_MS } from '../../model/time.ts';
import type { MessageHead } from './message.ts';

/** What a message's sequence number says of those before it. */
export type SequenceVerdict =
  | { readonly kind: 'fits' }
  /** So many records (IPFIX) or packets (NetFlow v9) never came, or come late. */
  | { readonly kind: 'lost'; readonly count: number }
  | { readonly kind: 'late' }
  /** It jumped back: the next message shows whether the exporter began anew. */
  | { readonly kind: 'suspected' }
  | { readonly kind: 'restarted' };

type SequenceHead = Pick<MessageHead, 'version' | 'sequence' | 'uptimeMs'>;

const FITS = { kind: 'fits' } as const;
const LATE = { kind: 'late' } as const;
const SUSPECTED = { kind: 'suspected' } as const;
const RESTARTED = { kind: 'restarted' } as const;

/** A number this far off is of another numbering, rather than of a packet that took longer. */
const REORDERED = 1000;
/** An uptime that is so much lower is of a packet that took longer. */
const REORDERED_MS = 10_000;
/** NetFlow v9's uptime begins anew after 49.7 days. */
const UPTIME_WRAP_MS = 2 ** 32;
/** From before that until after it, at most. */
const AROUND_WRAP_MS = DAY_MS;

/**
 * Follows one domain's sequence. NetFlow v9 counts packets (RFC 3954, 5.1), IPFIX data records (RFC 7011, 3.1), so that
 * behind records that could not be counted (their template has not come) the next number is taken as it is.
 *
 * A number that jumps may be an exporter's that began anew, or lost much; it may also be one that was forged or damaged, or
 * a second process with a numbering of its own. So what was expected before a jump is kept: a message that fits it shows
 * that nobody began anew. One that jumped back is a restart when the next message goes on from it.
 */
export class Sequence {
  #expected: number | null = null;
  /** Of the numbering before the last jump. */
  #other: number | null = null;
  /** The number that jumped back, until what comes shows whether it was a new start. */
  #suspected: number | null = null;
  #uptimeMs: number | null = null;
  #isFollowed = false;

  take({ version, sequence, uptimeMs }: SequenceHead): SequenceVerdict {
    const verdict = this.#isNewStart(sequence, uptimeMs) ? this.#begunAnew() : this.#judge(sequence);
    this.#isFollowed = verdict.kind !== 'late';
    if (this.#isFollowed) {
      this.#uptimeMs = uptimeMs;
      this.#expected = version === 9 ? (sequence + 1) >>> 0 : sequence;
    }
    return verdict;
  }

  /** Whether a number jumped back, and it is not known yet whether the exporter began anew. */
  get isSuspected(): boolean {
    return this.#suspected !== null;
  }

  /** IPFIX: so many data records came in the message; null when they could not be counted. */
  counted(records: number | null): void {
    // One that came late has had its place.
    if (!this.#isFollowed) return;
    if (records === null) this.#expected = null;
    else if (this.#expected !== null) this.#expected = (this.#expected + records) >>> 0;
  }

  /**
   * NetFlow v9: whether an uptime that went back shows a new start. The exporter's time of day is not asked: it may be set.
   * Around a wrap the number alone tells. One that goes on with its numbering goes on: a new start whose number happens to
   * be the next of the old ones is not noticed.
   */
  #isNewStart(sequence: number, uptimeMs: number | null): boolean {
    const last = this.#uptimeMs;
    if (uptimeMs === null || last === null || uptimeMs >= last - REORDERED_MS) return false;
    if (uptimeMs + UPTIME_WRAP_MS - last <= AROUND_WRAP_MS) return false;
    return sequence !== this.#expected && sequence !== this.#other;
  }

  #judge(sequence: number): SequenceVerdict {
    if (this.#expected === null) return this.#judgeUncounted(sequence);
    const ahead = distance(this.#expected, sequence);
    if (isNear(ahead)) {
      if (ahead < 0) return LATE;
      if (this.isSuspected) return this.#begunAnew();
      return ahead === 0 ? FITS : { kind: 'lost', count: ahead };
    }
    const before = this.#other;
    this.#other = this.#expected;
    this.#suspected = null;
    const aheadOfBefore = before === null ? null : distance(before, sequence);
    if (aheadOfBefore !== null && isNear(aheadOfBefore))
      return aheadOfBefore > 0 ? { kind: 'lost', count: aheadOfBefore } : FITS;
    if (ahead > 0) return { kind: 'lost', count: ahead };
    this.#suspected = sequence;
    return SUSPECTED;
  }

  /** Behind records that could not be counted; a suspicion is settled all the same. */
  #judgeUncounted(sequence: number): SequenceVerdict {
    const [suspected, before] = [this.#suspected, this.#other];
    if (suspected === null || before === null) return FITS;
    const ahead = distance(before, sequence);
    if (isNear(ahead)) {
      this.#suspected = null;
      return ahead > 0 ? { kind: 'lost', count: ahead } : FITS;
    }
    const further = distance(suspected, sequence);
    return further >= 0 && isNear(further) ? this.#begunAnew() : FITS;
  }

  #begunAnew(): SequenceVerdict {
    this.#other = null;
    this.#suspected = null;
    return RESTARTED;
  }
}

const isNear = (ahead: number): boolean => Math.abs(ahead) <= REORDERED;

/** How far a number is ahead of another, modulo 2^32; negative: behind. */
const distance = (from: number, to: number): number => (to - from) | 0;

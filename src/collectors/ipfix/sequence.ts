import type { Version } from './template.ts';

/** What a message's sequence number says of those before it. */
export type SequenceVerdict =
  | { readonly kind: 'fits' }
  /** So many records (IPFIX) or packets (NetFlow v9) never came, or come late. */
  | { readonly kind: 'lost'; readonly count: number }
  | { readonly kind: 'late' }
  /** It jumped back: the next message shows whether the exporter began anew. */
  | { readonly kind: 'suspected' }
  | { readonly kind: 'restarted' };

const FITS = { kind: 'fits' } as const;
const LATE = { kind: 'late' } as const;
const SUSPECTED = { kind: 'suspected' } as const;
const RESTARTED = { kind: 'restarted' } as const;

/** A number this far off is of another numbering, rather than of a packet that took longer. */
const REORDERED = 1000;
/** Two readings of one start differ by the rounding of the message's seconds. */
const BOOT_JITTER_MS = 3000;

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
  /** The number jumped back, and nothing has come since. */
  #isSuspected = false;
  #bootMs: number | null = null;
  #isFollowed = false;

  /** @param bootMs  NetFlow v9: when the exporter started by its own word */
  take(version: Version, sequence: number, bootMs: number | null): SequenceVerdict {
    const verdict = this.#judge(sequence, bootMs);
    this.#isFollowed = verdict.kind !== 'late';
    if (this.#isFollowed) {
      this.#bootMs = bootMs;
      this.#expected = version === 9 ? (sequence + 1) >>> 0 : sequence;
    }
    return verdict;
  }

  /** IPFIX: so many data records came in the message; null when they could not be counted. */
  counted(records: number | null): void {
    // One that came late has had its place.
    if (!this.#isFollowed) return;
    if (records === null) this.#expected = null;
    else if (this.#expected !== null) this.#expected = (this.#expected + records) >>> 0;
  }

  #judge(sequence: number, bootMs: number | null): SequenceVerdict {
    if (bootMs !== null && this.#bootMs !== null && bootMs > this.#bootMs + BOOT_JITTER_MS)
      return this.#begunAnew();
    if (this.#expected === null) return FITS;
    const ahead = distance(this.#expected, sequence);
    if (isNear(ahead)) {
      if (ahead < 0) return LATE;
      if (this.#isSuspected) return this.#begunAnew();
      return ahead === 0 ? FITS : { kind: 'lost', count: ahead };
    }
    const before = this.#other;
    this.#other = this.#expected;
    this.#isSuspected = false;
    const aheadOfBefore = before === null ? null : distance(before, sequence);
    if (aheadOfBefore !== null && isNear(aheadOfBefore))
      return aheadOfBefore > 0 ? { kind: 'lost', count: aheadOfBefore } : FITS;
    if (ahead > 0) return { kind: 'lost', count: ahead };
    this.#isSuspected = true;
    return SUSPECTED;
  }

  #begunAnew(): SequenceVerdict {
    this.#other = null;
    this.#isSuspected = false;
    return RESTARTED;
  }
}

const isNear = (ahead: number): boolean => Math.abs(ahead) <= REORDERED;

/** How far a number is ahead of another, modulo 2^32; negative: behind. */
const distance = (from: number, to: number): number => (to - from) | 0;

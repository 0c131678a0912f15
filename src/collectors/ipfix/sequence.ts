import type { Version } from './template.ts';

/** What a message's sequence number says of those before it. */
export type SequenceVerdict =
  | { readonly kind: 'fits' }
  /** So many records (IPFIX) or packets (NetFlow v9) never came, or come late. */
  | { readonly kind: 'lost'; readonly count: number }
  | { readonly kind: 'late' }
  | { readonly kind: 'restarted' };

const FITS = { kind: 'fits' } as const;
const LATE = { kind: 'late' } as const;
const RESTARTED = { kind: 'restarted' } as const;

/** A number this far back is an exporter that began anew rather than a packet that took longer. */
const REORDERED = 1000;
/** Two readings of one start differ by the rounding of the message's seconds. */
const BOOT_JITTER_MS = 3000;

/**
 * Follows one domain's sequence. NetFlow v9 counts packets (RFC 3954, 5.1), IPFIX data records (RFC 7011, 3.1), so that
 * behind records that could not be counted (their template has not come) the next number is taken as it is.
 */
export class Sequence {
  #expected: number | null = null;
  #bootMs: number | null = null;

  /** @param bootMs  NetFlow v9: when the exporter started by its own word */
  take(version: Version, sequence: number, bootMs: number | null): SequenceVerdict {
    const verdict = this.#judge(sequence, bootMs);
    if (verdict.kind !== 'late') {
      this.#bootMs = bootMs;
      this.#expected = version === 9 ? (sequence + 1) >>> 0 : sequence;
    }
    return verdict;
  }

  /** IPFIX: so many data records came in the message; null when they could not be counted. */
  counted(records: number | null): void {
    if (records === null) this.#expected = null;
    else if (this.#expected !== null) this.#expected = (this.#expected + records) >>> 0;
  }

  #judge(sequence: number, bootMs: number | null): SequenceVerdict {
    if (bootMs !== null && this.#bootMs !== null && bootMs > this.#bootMs + BOOT_JITTER_MS) return RESTARTED;
    if (this.#expected === null) return FITS;
    const ahead = (sequence - this.#expected) >>> 0;
    if (ahead === 0) return FITS;
    if (ahead < 0x8000_0000) return { kind: 'lost', count: ahead };
    return 0x1_0000_0000 - ahead <= REORDERED ? LATE : RESTARTED;
  }
}

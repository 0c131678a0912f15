import { parseCidr, V4_BITS, V6_BITS, type Prefix } from '../geo/prefix.ts';

/** A sender of a source as the configuration has it. */
interface Sender {
  readonly source: number;
  /** Its place in `from`. */
  readonly place: number;
  readonly text: string;
  readonly first: bigint;
  readonly last: bigint;
}

export interface Overlap {
  readonly source: number;
  readonly place: number;
  readonly text: string;
  /** The source before it in the file. */
  readonly other: { readonly source: number; readonly text: string };
}

/**
 * Two sources of which both would be sent the same: an address or CIDR of one is within one of the other, in whatever
 * form. Null when there are none.
 * @param sources  the checked `from` of each source of one protocol; null of another protocol
 */
export function overlapOf(sources: readonly (readonly string[] | null)[]): Overlap | null {
  const senders = sources.flatMap((from, source) =>
    (from ?? []).flatMap((text, place): Sender[] => {
      const prefix = parseCidr(text);
      return prefix === null ? [] : [{ source, place, text, ...rangeOf(prefix) }];
    }),
  );
  // Of two prefixes one holds the other, or they have nothing in common.
  senders.sort((a, b) => compare(a.first, b.first) || compare(b.last, a.last));
  let holder: Sender | null = null;
  for (const sender of senders) {
    if (holder === null || sender.first > holder.last) holder = sender;
    else if (holder.source !== sender.source) {
      const [before, after] = holder.source < sender.source ? [holder, sender] : [sender, holder];
      const { source, place, text } = after;
      return { source, place, text, other: before };
    }
  }
  return null;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

const MAPPED_FIRST = 0xffff_0000_0000n;

/** In the addresses of IPv6, where those of IPv4 are `::ffff:0:0/96`: a socket of IPv6 hears them there. */
function rangeOf({ family, first, length }: Prefix): { readonly first: bigint; readonly last: bigint } {
  const start = family === 4 ? MAPPED_FIRST + first : first;
  const bits = (family === 4 ? V4_BITS : V6_BITS) - length;
  return { first: start, last: start + (1n << BigInt(bits)) - 1n };
}

/** Whether a prefix of IPv6 is so wide that it holds every address of IPv4. */
export function holdsAllV4(prefix: Prefix): boolean {
  const { first, last } = rangeOf(prefix);
  return first <= MAPPED_FIRST && last >= MAPPED_FIRST + 0xffff_ffffn;
}

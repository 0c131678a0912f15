import { readIPv4, readIPv6 } from './address-in-text.ts';

/**
 * How Nokia's aluNatSubString names a subscriber of large-scale NAT: by the kind of NAT, `@`, and the inside address. Of
 * DS-Lite that is the customer's end of the softwire (B4, RFC 6333). Its manuals and devices write `LSN-Host`, `LSN44`,
 * `NAT64`, `NAT64-Sub` and `DS-lite`.
 */
const KINDS: readonly { readonly name: Buffer; readonly size: 4 | 16 }[] = ['-host', '-sub', ''].flatMap(
  (form) =>
    (
      [
        ['lsn', 4],
        ['lsn44', 4],
        ['nat64', 16],
        ['ds-lite', 16],
        ['dslite', 16],
      ] as const
    ).map(([kind, size]) => ({ name: Buffer.from(`${kind}${form}@`), size })),
);

/** The longest is `ds-lite-host@` and 39 characters, filled up to a multiple of 8. */
const MOST_BYTES = 64;

/**
 * Reads the inside address of a subscriber's text. A text of any other form is a name (L2-aware NAT), whatever stands in
 * it: customers of that NAT share their inside addresses, so none would tell whose it is.
 * @param into  where the address is written, 4 or 16 bytes
 * @returns its size; 0 when the text is empty, null when it holds no address
 */
export function readSubscriber(
  bytes: Buffer,
  start: number,
  length: number,
  into: Buffer,
): 0 | 4 | 16 | null {
  if (length > MOST_BYTES) return null;
  let end = start + length;
  while (end > start && bytes[end - 1] === 0) end -= 1;
  if (end === start) return 0;
  for (const { name, size } of KINDS) {
    if (!beginsWith(bytes, start, end, name)) continue;
    const from = start + name.length;
    const isRead = size === 4 ? readIPv4(bytes, from, end, into) : readIPv6(bytes, from, end, into);
    return isRead ? size : null;
  }
  return null;
}

/** @param name  in small letters */
function beginsWith(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start < name.length) return false;
  for (let index = 0; index < name.length; index += 1) {
    const byte = bytes[start + index] ?? 0;
    const small = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (small !== name[index]) return false;
  }
  return true;
}

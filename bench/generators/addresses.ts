/** How many clients the claimed load pretends to have. */
export const CLAIMED_CLIENTS = 100_000;

/** First octets of ordinary address space, so that the region look-up has something to find. */
const FIRST_OCTETS = [
  1, 14, 27, 36, 42, 58, 61, 101, 106, 111, 113, 114, 120, 125, 175, 180, 202, 218, 222, 223, 8, 66,
];

/** A fixed, scattered address for each number below `CLAIMED_CLIENTS`; `claimed-clients.lua` computes the same. */
export function claimedAddress(index: number): string {
  const first = FIRST_OCTETS[index % FIRST_OCTETS.length] ?? 1;
  const rest = (index * 7919) % 16_777_216;
  return `${first}.${Math.floor(rest / 65_536)}.${Math.floor(rest / 256) % 256}.${rest % 256}`;
}

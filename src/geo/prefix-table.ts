import type { AddressWords } from './address-words.ts';
import { bitsOf, lastOf, type Prefix } from './prefix.ts';

/** A network and a whole number from 0 that stands for what it says. */
export interface PrefixValue {
  readonly prefix: Prefix;
  readonly value: number;
}

/** Looks up the longest matching prefix. Built once; a lookup is one binary search and allocates nothing. */
export interface PrefixTable {
  /** @returns the value of the longest prefix that holds the address, or -1 */
  find(family: 4 | 6, address: AddressWords): number;
}

/** A step function over addresses: from `first` on, up to the next step, the value holds (-1: none). */
interface Step {
  readonly first: bigint;
  readonly value: number;
}

export function makePrefixTable(entries: readonly PrefixValue[]): PrefixTable {
  const v4 = packSteps(stepsOf(entries, 4), 1);
  const v6 = packSteps(stepsOf(entries, 6), 4);
  return {
    find(family, address) {
      return family === 4 ? find4(v4, address[3] ?? 0) : find6(v6, address);
    },
  };
}

/** Nested prefixes become disjoint steps: at every address the innermost one is on top of the stack. */
function stepsOf(entries: readonly PrefixValue[], family: 4 | 6): Step[] {
  const sorted = entries
    .filter((entry) => entry.prefix.family === family)
    .sort(
      (a, b) =>
        Number(a.prefix.first > b.prefix.first) - Number(a.prefix.first < b.prefix.first) ||
        a.prefix.length - b.prefix.length,
    );
  const end = 1n << BigInt(bitsOf(family));
  const steps: Step[] = [];
  const open: PrefixValue[] = [];
  const step = (first: bigint, value: number): void => {
    if (first === end) return;
    if (steps.at(-1)?.first === first) steps.pop();
    if ((steps.at(-1)?.value ?? -1) !== value) steps.push({ first, value });
  };
  const closeBefore = (first: bigint): void => {
    for (let top = open.at(-1); top !== undefined && lastOf(top.prefix) < first; top = open.at(-1)) {
      open.pop();
      step(lastOf(top.prefix) + 1n, open.at(-1)?.value ?? -1);
    }
  };
  for (const entry of sorted) {
    closeBefore(entry.prefix.first);
    open.push(entry);
    step(entry.prefix.first, entry.value);
  }
  closeBefore(end);
  return steps;
}

interface PackedSteps {
  readonly count: number;
  /** One (IPv4) or four (IPv6) words a step, highest first. */
  readonly firsts: Uint32Array;
  readonly values: Int32Array;
}

function packSteps(steps: readonly Step[], words: 1 | 4): PackedSteps {
  const firsts = new Uint32Array(steps.length * words);
  const values = new Int32Array(steps.length);
  for (const [index, { first, value }] of steps.entries()) {
    for (let word = 0; word < words; word++) {
      firsts[index * words + word] = Number((first >> BigInt(32 * (words - 1 - word))) & 0xffff_ffffn);
    }
    values[index] = value;
  }
  return { count: steps.length, firsts, values };
}

function find4(steps: PackedSteps, address: number): number {
  let low = 0;
  let high = steps.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps.firsts[middle] ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? -1 : (steps.values[low - 1] ?? -1);
}

function find6(steps: PackedSteps, address: AddressWords): number {
  let low = 0;
  let high = steps.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (notAfter(steps.firsts, middle * 4, address)) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? -1 : (steps.values[low - 1] ?? -1);
}

function notAfter(firsts: Uint32Array, at: number, address: AddressWords): boolean {
  for (let word = 0; word < 4; word++) {
    const first = firsts[at + word] ?? 0;
    const own = address[word] ?? 0;
    if (first !== own) return first < own;
  }
  return true;
}

import type { Latin1 } from './vault-store.ts';

/**
 * A number for each of many accounts: an open-addressed hash table in two flat arrays, 12 bytes a slot. At most half of
 * the slots are taken, so an account costs 24 to 48 bytes, 24 when the table was reserved for what it holds.
 *
 * The key is the first 64 bits of the account's blind index. Two of ten million accounts share a key with a chance of
 * three in a million; then one of them shows the other's region.
 */
export interface BadgeTable {
  readonly size: number;
  /** The number of an account, or -1. */
  get(index: Latin1): number;
  /** @param value  0 to 2^32 - 2 */
  set(index: Latin1, value: number): void;
  /** The same by the two halves of the key, see `keyHalves`. */
  setKey(high: number, low: number, value: number): void;
  /** Sets a number only where there is none. */
  addKey(high: number, low: number, value: number): void;
  /** Makes room for so many accounts in all. */
  reserve(accounts: number): void;
  /**
   * All accounts, in pages, read as they are asked for. An account that is set meanwhile is in it with its number of
   * before or after, or, when it is new, perhaps not at all.
   */
  pages(accounts: number): Generator<BadgeTablePage, void>;
}

/** Account `i` has the key `keys[2 * i]`, `keys[2 * i + 1]` and the number `values[i]`. */
export interface BadgeTablePage {
  readonly keys: Uint32Array;
  readonly values: Uint32Array;
}

interface Slots {
  readonly mask: number;
  readonly keys: Uint32Array;
  /** The number plus one; 0 is an empty slot. */
  readonly values: Uint32Array;
}

const FEWEST_SLOTS = 1024;

export function createBadgeTable(): BadgeTable {
  let slots = newSlots(FEWEST_SLOTS);
  let size = 0;

  const growTo = (count: number): void => {
    const old = slots;
    slots = newSlots(count);
    for (let slot = 0; slot <= old.mask; slot++) {
      const value = old.values[slot] ?? 0;
      if (value !== 0) place(slots, old.keys[2 * slot] ?? 0, old.keys[2 * slot + 1] ?? 0, value);
    }
  };
  const put = (high: number, low: number, value: number, replace: boolean): void => {
    const slot = slotOf(slots, high, low);
    if (slots.values[slot] !== 0) {
      if (replace) slots.values[slot] = value + 1;
      return;
    }
    size++;
    if (size * 2 > slots.mask + 1) growTo((slots.mask + 1) * 2);
    place(slots, high, low, value + 1);
  };

  return {
    get size() {
      return size;
    },
    get: (index) => (slots.values[slotOf(slots, word(index, 0), word(index, 4))] ?? 0) - 1,
    set: (index, value) => put(word(index, 0), word(index, 4), value, true),
    setKey: (high, low, value) => put(high, low, value, true),
    addKey: (high, low, value) => put(high, low, value, false),
    reserve: (accounts) => {
      const count = 2 ** Math.ceil(Math.log2(Math.max(accounts * 2, FEWEST_SLOTS)));
      if (count > slots.mask + 1) growTo(count);
    },
    // A table that grows takes new arrays; these go on reading the old ones.
    pages: (accounts) => pagesOf(slots, accounts),
  };
}

/** The two halves of a blind index's key in the table. */
export function keyHalves(index: Latin1): readonly [high: number, low: number] {
  return [word(index, 0), word(index, 4)];
}

function newSlots(count: number): Slots {
  return { mask: count - 1, keys: new Uint32Array(2 * count), values: new Uint32Array(count) };
}

/** The slot that holds the key, or the empty one where it belongs. */
function slotOf({ mask, keys, values }: Slots, high: number, low: number): number {
  let slot = low & mask;
  while (values[slot] !== 0 && (keys[2 * slot] !== high || keys[2 * slot + 1] !== low))
    slot = (slot + 1) & mask;
  return slot;
}

function place(slots: Slots, high: number, low: number, value: number): void {
  const slot = slotOf(slots, high, low);
  slots.keys[2 * slot] = high;
  slots.keys[2 * slot + 1] = low;
  slots.values[slot] = value;
}

function* pagesOf({ mask, keys, values }: Slots, accounts: number): Generator<BadgeTablePage, void> {
  let page = { keys: new Uint32Array(2 * accounts), values: new Uint32Array(accounts) };
  let count = 0;
  for (let slot = 0; slot <= mask; slot++) {
    const value = values[slot] ?? 0;
    if (value === 0) continue;
    page.keys[2 * count] = keys[2 * slot] ?? 0;
    page.keys[2 * count + 1] = keys[2 * slot + 1] ?? 0;
    page.values[count] = value - 1;
    count++;
    if (count < accounts) continue;
    yield page;
    page = { keys: new Uint32Array(2 * accounts), values: new Uint32Array(accounts) };
    count = 0;
  }
  if (count > 0) yield { keys: page.keys.slice(0, 2 * count), values: page.values.slice(0, count) };
}

/** Four characters of a blind index as a number, 0 to 2^32 - 1. */
function word(index: Latin1, at: number): number {
  return (
    ((index.charCodeAt(at) << 24) |
      (index.charCodeAt(at + 1) << 16) |
      (index.charCodeAt(at + 2) << 8) |
      index.charCodeAt(at + 3)) >>>
    0
  );
}

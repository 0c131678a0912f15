/** A leaf without a value. */
export const NO_VALUE = 0;
/** Stands in a leaf for "the same as the IPv4 subtree". */
export const V4_ALIAS = 0xffff_ffff;

/** A key: 16 address bytes; IPv4 is at `::/96`, as the format wants. */
export type TrieKey = Uint8Array;
const V4_DEPTH = 96;
const FIRST_CAPACITY = 1 << 16;

/**
 * A binary trie over address bits in flat arrays: node `n` has `child[2n]`, `child[2n+1]` (0: none) and a
 * value (0: none). Prefixes may come in any order; `settle` hands values down, so that a longer prefix
 * splits its parent's range and the rest of it keeps the parent's value, and merges equal siblings.
 */
export class PrefixTrie {
  #child = new Uint32Array(FIRST_CAPACITY * 2);
  #value = new Uint32Array(FIRST_CAPACITY);
  #count = 1;

  /** Sets the value (from 1) of a prefix; setting it again replaces it. */
  insert(key: TrieKey, length: number, value: number): void {
    this.#value[this.#grow(key, length)] = value;
  }

  /** Makes a prefix the same as the IPv4 subtree, and drops what is below it. Only after all inserts. */
  alias(key: TrieKey, length: number): void {
    const node = this.#grow(key, length);
    this.#child[2 * node] = this.#child[2 * node + 1] = 0;
    this.#value[node] = V4_ALIAS;
  }

  /** Makes sure that a prefix has a node of its own, or after `settle` a leaf that covers it. */
  reserve(key: TrieKey, length: number): void {
    this.#grow(key, length);
  }

  settle(): void {
    this.#settle(0, NO_VALUE);
  }

  /** Nodes ever made, those that `settle` cut off included. */
  get size(): number {
    return this.#count;
  }

  /** The children of a node; 0 where there is none and the node's own value holds. */
  left(node: number): number {
    return this.#child[2 * node] ?? 0;
  }

  right(node: number): number {
    return this.#child[2 * node + 1] ?? 0;
  }

  value(node: number): number {
    return this.#value[node] ?? NO_VALUE;
  }

  isLeaf(node: number): boolean {
    return this.left(node) === 0 && this.right(node) === 0;
  }

  /** The node of `::/96` once that is reserved, or the leaf above it that covers it. */
  v4Node(): number {
    let node = 0;
    for (let depth = 0; depth < V4_DEPTH; depth++) {
      const next = this.left(node);
      if (next === 0) break;
      node = next;
    }
    return node;
  }

  #grow(key: TrieKey, length: number): number {
    let node = 0;
    for (let depth = 0; depth < length; depth++) {
      const slot = 2 * node + (((key[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1);
      let next = this.#child[slot] ?? 0;
      if (next === 0) {
        next = this.#newNode();
        this.#child[slot] = next;
      }
      node = next;
    }
    return node;
  }

  #newNode(): number {
    if (this.#count === this.#value.length) {
      const child = new Uint32Array(this.#child.length * 2);
      child.set(this.#child);
      this.#child = child;
      const value = new Uint32Array(this.#value.length * 2);
      value.set(this.#value);
      this.#value = value;
    }
    return this.#count++;
  }

  /** Recursion is as deep as an address is long. A node that has one child only has its own value on the other side. */
  #settle(node: number, inherited: number): void {
    const value = this.value(node) === NO_VALUE ? inherited : this.value(node);
    this.#value[node] = value;
    if (this.isLeaf(node)) return;
    const left = this.left(node);
    const right = this.right(node);
    if (left !== 0) this.#settle(left, value);
    if (right !== 0) this.#settle(right, value);
    const leftValue = this.#leafValue(left, value);
    if (leftValue === null || leftValue !== this.#leafValue(right, value)) return;
    this.#value[node] = leftValue;
    this.#child[2 * node] = this.#child[2 * node + 1] = 0;
  }

  /** The value of a child that is a leaf, or of the missing child; null of one that has children. */
  #leafValue(child: number, own: number): number | null {
    if (child === 0) return own;
    return this.isLeaf(child) ? this.value(child) : null;
  }
}

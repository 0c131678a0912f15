import { encodeMmdb, type MmdbValue, u16, u32, u64 } from './mmdb-encode.ts';
import { NO_VALUE, PrefixTrie, type TrieKey, V4_ALIAS } from './mmdb-trie.ts';

export interface MmdbDescription {
  readonly databaseType: string;
  readonly description: string;
  /** Unix seconds. */
  readonly buildEpoch: number;
  /** Further metadata, under keys of its own. */
  readonly extra?: Readonly<Record<string, MmdbValue>>;
}

export interface MmdbWriter {
  /**
   * Gives a prefix a value. Any order; the longest prefix wins; the same prefix again replaces the value.
   * @param key  16 address bytes; IPv4 lies at ::/96
   * @param length  bits, counted for IPv4 from 96
   * @param value  not to be changed afterwards
   */
  insert(key: TrieKey, length: number, value: MmdbValue): void;
  /** The whole file. The same inserts give the same bytes, whatever their order. Only once. */
  finish(about: MmdbDescription): Buffer;
}

export interface MmdbWriterOptions {
  /** 4 makes a file that holds IPv4 only; the default 6 holds both families. */
  readonly ipVersion?: 4 | 6;
}

export const METADATA_MARKER = Buffer.from('\u{ab}\u{cd}\u{ef}MaxMind.com', 'latin1');
export const SEPARATOR_BYTES = 16;
const V4_DEPTH = 96;
const V4_START = new Uint8Array(16);
/** The prefix of IPv4-mapped addresses, which must answer like IPv4. */
const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0);

export function makeMmdbWriter(options: MmdbWriterOptions = {}): MmdbWriter {
  const ipVersion = options.ipVersion ?? 6;
  const trie = new PrefixTrie();
  const values: Buffer[] = [];
  const ids = new Map<string, number>();
  /** Encoding costs more than inserting: a value object that was seen is known again by itself. */
  const seen = new Map<MmdbValue, number>();
  const idOf = (value: MmdbValue): number => {
    const known = seen.get(value);
    if (known !== undefined) return known;
    const bytes = encodeMmdb(value);
    const name = bytes.toString('latin1');
    const id = ids.get(name) ?? values.push(bytes);
    ids.set(name, id);
    seen.set(value, id);
    return id;
  };
  return {
    insert(key, length, value) {
      if (key.length !== 16 || length < (ipVersion === 4 ? V4_DEPTH : 0) || length > 128) {
        throw new RangeError('this prefix does not fit the file');
      }
      trie.insert(key, length, idOf(value));
    },
    finish(about) {
      trie.reserve(V4_START, V4_DEPTH);
      if (ipVersion === 6) trie.alias(MAPPED, V4_DEPTH);
      trie.settle();
      return assemble(trie, values, about, ipVersion);
    },
  };
}

function assemble(
  trie: PrefixTrie,
  values: readonly Buffer[],
  about: MmdbDescription,
  ipVersion: 4 | 6,
): Buffer {
  const v4 = trie.v4Node();
  const order = numberNodes(trie, ipVersion === 6 ? 0 : v4);
  const count = order.nodes.length;
  const data = layOutData(trie, order.nodes, values);
  const recordBytes = count + SEPARATOR_BYTES + data.section.length < 2 ** 24 ? 3 : 4;
  const recordOf = (parent: number, child: number): number => {
    const node = child === 0 ? parent : trie.value(child) === V4_ALIAS ? v4 : child;
    if (child !== 0 && !trie.isLeaf(node)) return order.numbers[node] ?? 0;
    const value = trie.value(node);
    return value === NO_VALUE ? count : count + SEPARATOR_BYTES + (data.offsets[value] ?? 0);
  };
  const tree = Buffer.alloc(count * recordBytes * 2);
  for (const [index, node] of order.nodes.entries()) {
    tree.writeUIntBE(recordOf(node, trie.left(node)), index * 2 * recordBytes, recordBytes);
    tree.writeUIntBE(recordOf(node, trie.right(node)), (index * 2 + 1) * recordBytes, recordBytes);
  }
  const metadata = encodeMmdb({
    binary_format_major_version: u16(2),
    binary_format_minor_version: u16(0),
    build_epoch: u64(about.buildEpoch),
    database_type: about.databaseType,
    description: { en: about.description },
    ip_version: u16(ipVersion),
    languages: [],
    node_count: u32(count),
    record_size: u16(recordBytes * 8),
    ...about.extra,
  });
  return Buffer.concat([tree, Buffer.alloc(SEPARATOR_BYTES), data.section, METADATA_MARKER, metadata]);
}

/** Nodes of the file in preorder (a parent comes before its children), and the number of each trie node. */
function numberNodes(trie: PrefixTrie, root: number): { nodes: Uint32Array; numbers: Uint32Array } {
  const nodes = new Uint32Array(trie.size);
  const numbers = new Uint32Array(trie.size);
  let count = 0;
  const visit = (node: number): void => {
    numbers[node] = count;
    nodes[count++] = node;
    const left = trie.left(node);
    const right = trie.right(node);
    if (left !== 0 && !trie.isLeaf(left)) visit(left);
    if (right !== 0 && !trie.isLeaf(right)) visit(right);
  };
  visit(root);
  return { nodes: nodes.subarray(0, count), numbers };
}

/** The data section: each value that the tree uses, once, in the order of first use. */
function layOutData(
  trie: PrefixTrie,
  nodes: Uint32Array,
  values: readonly Buffer[],
): { section: Buffer; offsets: Float64Array } {
  const offsets = new Float64Array(values.length + 1).fill(-1);
  const parts: Buffer[] = [];
  let length = 0;
  const use = (value: number): void => {
    const bytes = values[value - 1];
    if (bytes === undefined || offsets[value] !== -1) return;
    offsets[value] = length;
    parts.push(bytes);
    length += bytes.length;
  };
  for (const node of nodes) {
    for (const child of [trie.left(node), trie.right(node)]) {
      if (child === 0) use(trie.value(node));
      else if (trie.isLeaf(child)) use(trie.value(child));
    }
  }
  return { section: Buffer.concat(parts), offsets };
}

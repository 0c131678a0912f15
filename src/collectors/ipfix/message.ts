import { isUnset } from './nat-event.ts';
import type { Version } from './template.ts';

/** The head of an export packet (RFC 7011, 3.1; RFC 3954, 5.1). */
export interface MessageHead {
  readonly version: Version;
  /** Where its sets begin and where it ends. */
  readonly start: number;
  readonly end: number;
  /** The exporter's time when it sent this, whole seconds, as ms since the epoch. */
  readonly exportMs: number;
  /** NetFlow v9: how long the exporter had run then, ms; null for IPFIX. */
  readonly uptimeMs: number | null;
  /** IPFIX: data records sent before this message; NetFlow v9: packets sent before this one. */
  readonly sequence: number;
  /** The observation domain; NetFlow v9 calls it source id. */
  readonly domain: number;
}

const IPFIX_HEAD = 16;
const V9_HEAD = 20;
/** A set's head, and a template's or a word of data. */
const SHORTEST_SET = 8;

/** The head of the message that begins at `at`, or why there is none: `version`, `cut` or `length`. */
export function readHead(bytes: Buffer, at: number, end: number): MessageHead | string {
  if (end - at < 4) return 'cut';
  const version = bytes.readUInt16BE(at);
  if (version === 10) {
    if (end - at < IPFIX_HEAD) return 'cut';
    const length = bytes.readUInt16BE(at + 2);
    if (length < IPFIX_HEAD) return 'length';
    if (length > end - at) return 'cut';
    return {
      version,
      start: at + IPFIX_HEAD,
      end: at + length,
      exportMs: bytes.readUInt32BE(at + 4) * 1000,
      uptimeMs: null,
      sequence: bytes.readUInt32BE(at + 8),
      domain: bytes.readUInt32BE(at + 12),
    };
  }
  if (version !== 9) return 'version';
  if (end - at < V9_HEAD) return 'cut';
  return {
    version,
    start: at + V9_HEAD,
    end,
    exportMs: bytes.readUInt32BE(at + 8) * 1000,
    uptimeMs: bytes.readUInt32BE(at + 4),
    sequence: bytes.readUInt32BE(at + 12),
    domain: bytes.readUInt32BE(at + 16),
  };
}

export type SetKind = 'templates' | 'options-templates' | 'data' | 'reserved';

/** What a set holds, from its id: 2 and 3 in IPFIX, 0 and 1 in NetFlow v9. */
export function setKind(id: number, version: Version): SetKind {
  if (id >= 256) return 'data';
  if (id === (version === 10 ? 2 : 0)) return 'templates';
  return id === (version === 10 ? 3 : 1) ? 'options-templates' : 'reserved';
}

/**
 * Walks the sets of a message.
 * @param set  given the id, where its content begins and where it ends
 * @returns why the rest makes no sense; null when all of it does
 */
export function eachSet(
  bytes: Buffer,
  { start, end }: MessageHead,
  set: (id: number, start: number, end: number) => void,
): string | null {
  let at = start;
  while (end - at >= 4) {
    const id = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 2);
    if (length < 4) return isPadding(bytes, at, end) ? null : 'set-length';
    if (length > end - at) return 'set-cut';
    set(id, at + 4, at + length);
    at += length;
  }
  return isPadding(bytes, at, end) ? null : 'set-cut';
}

/** Zeros behind the last set, fewer than one with a record takes: some exporters fill up a message. */
const isPadding = (bytes: Buffer, at: number, end: number): boolean =>
  end - at < SHORTEST_SET && isUnset(bytes, at, end - at);

/**
 * The letter of RFC 9110 and RFC 9112, written for the tests alone: nothing here knows the gateway's own parsers. Bytes
 * are latin1 text.
 */

export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const SIZE_LINE = /^([0-9A-Fa-f]{1,16})((?:[ \t]*;.*)?)$/s;
const EXTENSION =
  /^(?:[ \t]*;[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*$/;

export type Field = readonly [name: string, value: string];

/** Bytes that are not to the letter. */
export class Malformed extends Error {
  /** The head before them was one. */
  readonly inBody: boolean;
  constructor(message: string, inBody = false) {
    super(message);
    this.inBody = inBody;
  }
}

/** The section of field lines at `at` up to its blank line; null when that has not come. */
export function fieldsAt(text: string, at: number): { fields: Field[]; next: number } | null {
  if (text.startsWith('\r\n', at)) return { fields: [], next: at + 2 };
  const end = text.indexOf('\r\n\r\n', at);
  if (end === -1) return null;
  return { fields: text.slice(at, end).split('\r\n').map(fieldOf), next: end + 4 };
}

function fieldOf(line: string): Field {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  if (!TOKEN.test(name)) throw new Malformed(`no field line: ${JSON.stringify(line)}`);
  const value = line.slice(colon + 1);
  if (!VALUE.test(value)) throw new Malformed(`a value that is none: ${JSON.stringify(line)}`);
  return [name, value.replace(/^[\t ]+|[\t ]+$/g, '')];
}

/** All values of a field, in their order; the name in lower case. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

/** The members of a list field, in lower case. */
export function membersOf(fields: readonly Field[], name: string): string[] {
  return valuesOf(fields, name)
    .flatMap((value) => value.split(','))
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
}

export interface Framing {
  readonly kind: 'none' | 'length' | 'chunked';
  readonly length: number;
}

/** What the fields say of the body's length: at most one of the two, once, in its plain form. */
export function framingOf(fields: readonly Field[]): Framing {
  const lengths = valuesOf(fields, 'content-length');
  const codings = valuesOf(fields, 'transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Malformed('the length of the body is given twice');
  if (codings[0] !== undefined) {
    if (codings[0].toLowerCase() !== 'chunked')
      throw new Malformed(`a coding: ${JSON.stringify(codings[0])}`);
    return { kind: 'chunked', length: 0 };
  }
  if (lengths[0] === undefined) return { kind: 'none', length: 0 };
  if (!/^[0-9]{1,15}$/.test(lengths[0])) throw new Malformed(`a length: ${JSON.stringify(lengths[0])}`);
  return { kind: 'length', length: Number(lengths[0]) };
}

export interface ChunkedBody {
  readonly body: string;
  readonly trailers: readonly Field[];
  /** Whether it uses what a recipient need not take: extensions, leading zeros. */
  readonly unusual: boolean;
  readonly next: number;
}

/** The chunked body at `start`; null when its end has not come. */
export function chunkedAt(text: string, start: number): ChunkedBody | null {
  try {
    return readChunks(text, start);
  } catch (error) {
    throw error instanceof Malformed ? new Malformed(error.message, true) : error;
  }
}

function readChunks(text: string, start: number): ChunkedBody | null {
  let body = '';
  let unusual = false;
  for (let at = start; ;) {
    const end = text.indexOf('\r\n', at);
    if (end === -1) return null;
    const line = text.slice(at, end);
    const match = SIZE_LINE.exec(line);
    if (match?.[1] === undefined || !EXTENSION.test(match[2] ?? ''))
      throw new Malformed(`a chunk's size: ${JSON.stringify(line)}`);
    unusual ||= line !== match[1] || (match[1].length > 1 && match[1].startsWith('0'));
    const size = Number.parseInt(match[1], 16);
    if (size > Number.MAX_SAFE_INTEGER) throw new Malformed(`a chunk's size: ${match[1]}`);
    if (size === 0) {
      const section = fieldsAt(text, end + 2);
      return section === null ? null : { body, trailers: section.fields, unusual, next: section.next };
    }
    const data = end + 2 + size;
    const behind = text.slice(data, data + 2);
    if (!'\r\n'.startsWith(behind)) throw new Malformed('something behind a chunk’s data');
    if (behind.length < 2) return null;
    body += text.slice(end + 2, data);
    at = data + 2;
  }
}

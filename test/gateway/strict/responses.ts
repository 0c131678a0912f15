import { chunkedAt, fieldsAt, framingOf, Malformed, membersOf, type Field } from './grammar.ts';

/** A response, read to the letter. */
export interface StrictResponse {
  readonly status: number;
  readonly fields: readonly Field[];
  readonly body: string;
  readonly closes: boolean;
  readonly next: number;
}

/** What a client has at one place of the bytes that it got. */
export type ReadResponse =
  | { readonly kind: 'response'; readonly response: StrictResponse }
  /** It can tell that something is missing. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly reason: string };

const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9]{2}) [\t\x20-\x7e\x80-\xff]*$/;

/**
 * The response that begins at `at`.
 * @param toHead  it answers HEAD, so no body follows whatever it says
 * @param ended  the connection has ended without an error: what has no length ends there
 */
export function responseAt(text: string, at: number, toHead: boolean, ended: boolean): ReadResponse {
  try {
    return read(text, at, toHead, ended);
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', reason: error.message };
    throw error;
  }
}

function read(text: string, at: number, toHead: boolean, ended: boolean): ReadResponse {
  if (!text.includes('\r\n\r\n', at)) return { kind: 'incomplete' };
  const lineEnd = text.indexOf('\r\n', at);
  const status = Number(STATUS_LINE.exec(text.slice(at, lineEnd))?.[1] ?? 0);
  if (status === 0) throw new Malformed(`no status line: ${JSON.stringify(text.slice(at, lineEnd))}`);
  const section = fieldsAt(text, lineEnd + 2);
  if (section === null) return { kind: 'incomplete' };
  const { fields, next } = section;
  const framing = framingOf(fields);
  const common = { status, fields, closes: membersOf(fields, 'connection').includes('close') };
  const whole = (body: string, end: number): ReadResponse => ({
    kind: 'response',
    response: { ...common, body, next: end },
  });
  if (toHead || status < 200 || status === 204 || status === 304) {
    if ((status < 200 || status === 204) && framing.kind !== 'none')
      throw new Malformed(`a length in a ${status}`);
    return whole('', next);
  }
  if (framing.kind === 'chunked') {
    const chunked = chunkedAt(text, next);
    return chunked === null ? { kind: 'incomplete' } : whole(chunked.body, chunked.next);
  }
  if (framing.kind === 'none') return ended ? whole(text.slice(next), text.length) : { kind: 'incomplete' };
  const end = next + framing.length;
  return text.length < end ? { kind: 'incomplete' } : whole(text.slice(next, end), end);
}

export interface ReadStream {
  /** Final responses; interim ones are left out. */
  readonly responses: readonly StrictResponse[];
  /** What stands behind the last of them. */
  readonly rest: 'nothing' | 'incomplete' | 'malformed';
  readonly reason: string;
}

/**
 * All responses that a client got.
 * @param methods  of its requests, in order
 */
export function responsesIn(text: string, methods: readonly string[], ended: boolean): ReadStream {
  const responses: StrictResponse[] = [];
  for (let at = 0; ;) {
    if (at === text.length) return { responses, rest: 'nothing', reason: '' };
    const read = responseAt(text, at, methods[responses.length] === 'HEAD', ended);
    if (read.kind === 'incomplete') return { responses, rest: 'incomplete', reason: '' };
    if (read.kind === 'malformed') return { responses, rest: 'malformed', reason: read.reason };
    if (read.response.status >= 200) responses.push(read.response);
    at = read.response.next;
  }
}

import { setImmediate as turn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRig, type Rig } from '../harness.ts';
import { RawClient } from '../raw-client.ts';
import type { UpstreamSocket } from '../raw-upstream.ts';
import { mutations, responses } from '../response-samples.ts';
import { holds, PATIENCE } from '../../support/fuzzing.ts';
import { valuesOf } from './grammar.ts';
import { endToEnd, readByNode, serveBytes, type Reading } from './oracles.ts';
import { cutAt, cuts } from './request-streams.ts';
import { clientAddress } from './strict-rig.ts';
import { responseAt, responsesIn, type StrictResponse } from './responses.ts';

const SENTINEL = 'HTTP/1.1 203 Sentinel\r\nX-Sentinel: yes\r\nContent-Length: 8\r\n\r\nsentinel';

/** How the upstream ends its connection behind the bytes: at once, by a reset, or not until all is quiet. */
type Ending = 'end' | 'reset' | 'stay';
const endings = fc.constantFrom<Ending>('end', 'end', 'reset', 'stay', 'stay');

interface Exchange {
  /** The first final response when it came whole. */
  readonly first: StrictResponse | null;
  readonly second: StrictResponse | null;
  /** All that came for the first request, when that was no whole response. */
  readonly part: string;
}

/** One request that is answered with these bytes, and, if the connection lives, one that is answered with the sentinel. */
async function ask(rig: Rig, pieces: readonly string[], ending: Ending): Promise<Exchange> {
  let played: UpstreamSocket | null = null;
  let playing = false;
  rig.upstream.answer = (request, connection) => {
    if (request.target !== '/first') return connection.write(SENTINEL);
    played = connection;
    playing = true;
    void play(connection, pieces, ending).then(() => {
      playing = false;
      rig.log.add('test', 'played');
    });
  };
  rig.log.events.splice(0);
  const client = await RawClient.open(rig.port, rig.log, clientAddress());
  try {
    const read = (): ReturnType<typeof responsesIn> => responsesIn(client.bytes, [], false);
    const arrived = (count: number): boolean => client.closed || read().responses.length >= count;
    client.get('/first');
    await rig.log.until(() => arrived(1) || (played !== null && !playing), 'the first response');
    if (!arrived(1)) await rig.settle();
    // What the client is not told yet, no more bytes will tell it.
    if (!arrived(1)) played!.end();
    await rig.log.until(() => arrived(1), 'the first response');
    const got = read();
    expect(got.rest).not.toBe('malformed');
    const first = got.responses[0] ?? null;
    if (first === null) return { first, second: null, part: client.bytes };
    expect(got.responses).toHaveLength(1);
    if (!client.closed) client.get('/second');
    await rig.log.until(() => arrived(2), 'the second response, or the end');
    const all = read();
    expect(all.rest).toBe('nothing');
    expect(all.responses.length).toBeLessThanOrEqual(2);
    return { first, second: all.responses[1] ?? null, part: '' };
  } finally {
    client.destroy();
  }
}

async function play(connection: UpstreamSocket, pieces: readonly string[], ending: Ending): Promise<void> {
  for (const piece of pieces) {
    if (connection.closed) return;
    connection.write(piece);
    if (pieces.length > 1) await turn();
  }
  if (ending === 'end') connection.end();
  if (ending === 'reset') {
    await turn();
    connection.reset();
  }
}

const isOwn = (response: StrictResponse): boolean =>
  [502, 504].includes(response.status) &&
  valuesOf(response.fields, 'content-type').join('') === 'application/problem+json';

/** What a client may have got of a response that llhttp reads in this way, null when it refuses it. */
function check(
  { first, second, part }: Exchange,
  reading: Reading | null,
  ending: Ending,
): 'exact' | '502' | 'cut' {
  if (second !== null) {
    expect(second).toMatchObject({ status: 203, body: 'sentinel' });
    expect(valuesOf(second.fields, 'x-sentinel')).toEqual(['yes']);
  }
  if (first === null) {
    // A truncation that shows: whatever the connection's end is taken to mean, something is missing.
    expect(responseAt(afterInterim(part), 0, false, true).kind).not.toBe('response');
    if (reading !== null) expect(bodyIn(part)).toSatisfy((text: string) => reading.body.startsWith(text));
    return 'cut';
  }
  expect(valuesOf(first.fields, 'x-sentinel')).toEqual([]);
  if (isOwn(first)) return '502';
  expect(reading).not.toBeNull();
  expect(first.status).toBe(reading?.status);
  expect(first.body).toBe(reading?.body);
  expect(endToEnd(first.fields.flat())).toEqual(reading?.headers);
  // A reset is no end: a body without a length must not look whole behind it.
  if (ending === 'reset') expect(reading?.open).toBe(false);
  return 'exact';
}

/** What follows the interim responses at the beginning of the bytes. */
function afterInterim(bytes: string): string {
  return bytes.replace(/^(?:HTTP\/1\.1 1\d\d[^]*?\r\n\r\n)+/, '');
}

/** The data of the chunks, or the body of known length, that came. */
function bodyIn(part: string): string {
  const final = afterInterim(part);
  const end = final.indexOf('\r\n\r\n');
  if (end === -1) return '';
  const [head, body] = [final.slice(0, end), final.slice(end + 4)];
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) return body;
  let text = '';
  for (let at = 0; ;) {
    const line = body.indexOf('\r\n', at);
    if (line === -1) return text;
    const size = Number.parseInt(body.slice(at, line), 16);
    text += body.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

/** Where the first final response ends by what it says itself; the end of the text when it does not say. */
function wholeIn(text: string): number {
  const begin = text.length - afterInterim(text).length;
  const read = responseAt(text, begin, false, false);
  return read.kind === 'response' ? read.response.next : text.length;
}

describe('random responses of the upstream, in random packets', () => {
  it('well-formed ones arrive exactly, and the next request gets its own answer', PATIENCE, async () => {
    const rig = await openRig();
    const direct = await serveBytes();
    const seen = { exact: 0, second: 0 };
    await holds(
      fc.asyncProperty(responses, cuts, async (text, places) => {
        direct.bytes = text;
        const reading = await readByNode(direct.port);
        const exchange = await ask(rig, cutAt(text, places), 'end');
        expect(check(exchange, reading, 'end')).toBe('exact');
        seen.exact += 1;
        if (exchange.second !== null) seen.second += 1;
      }),
      2,
    );
    expect(seen.exact).toBeGreaterThan(50);
    expect(seen.second).toBeGreaterThan(20);
  });

  it('mutated ones arrive exactly, as a 502, or visibly cut; never shifted', PATIENCE, async () => {
    const rig = await openRig();
    const direct = await serveBytes();
    const seen = { exact: 0, '502': 0, cut: 0, second: 0 };
    await holds(
      fc.asyncProperty(mutations, cuts, endings, async (text, places, ending) => {
        direct.bytes = text;
        let reading = await readByNode(direct.port);
        const whole = wholeIn(text);
        if (reading === null && whole < text.length) {
          // Bytes behind a whole response: it may have gone out before they came.
          direct.bytes = text.slice(0, whole);
          reading = await readByNode(direct.port);
        }
        const exchange = await ask(rig, cutAt(text, places), ending);
        seen[check(exchange, reading, ending)] += 1;
        if (exchange.second !== null) seen.second += 1;
      }),
      4,
    );
    // Otherwise the property would hold of nothing.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(2);
  });
});

import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { RawClient } from '../raw-client.ts';
import { valuesOf, type Field } from './grammar.ts';
import { judge, type Judgement } from './requests.ts';
import { responsesIn, type ReadStream } from './responses.ts';
import { clientAddress, recorded, type StrictRig } from './strict-rig.ts';
import { sha256 } from './strict-upstream.ts';

/** What became of one stream. */
export interface Outcome {
  readonly judgement: Judgement;
  readonly answers: ReadStream;
  /** How many of its requests the upstream got. */
  readonly forwarded: number;
}

/**
 * Sends a stream over a connection of its own, in these pieces, and checks that everybody counted the same messages
 * with the same ends: the letter (`judge`), the gateway's answers, the upstream's reports, and the records.
 * @param slowDisk  records are not durable before everything else has come to rest
 */
export async function exchange(
  { rig, upstream }: StrictRig,
  pieces: readonly string[],
  slowDisk: boolean,
): Promise<Outcome> {
  const judgement = judge(pieces.join(''));
  const methods = judgement.requests.map(({ method }) => method);
  rig.log.events.splice(0);
  upstream.messages.splice(0);
  const client = await RawClient.open(rig.port, rig.log, clientAddress());
  if (slowDisk) rig.records.gate.hold();
  try {
    for (const piece of pieces) {
      client.send(piece);
      if (pieces.length > 1) await turn();
    }
    if (slowDisk) {
      await rig.settle();
      expect(rig.log.first('strict', 'bytes')).toBe(-1);
      rig.records.gate.release();
    }
    const read = (): ReadStream => readAnswers(client, methods);
    const enough = (): boolean => client.closed || read().responses.length >= methods.length;
    await rig.log.until(enough, `${methods.length} responses`);
    // Only what nobody could read to its end may wait for more; the client has no more.
    if (judgement.end === 'nothing' || judgement.end === 'incomplete') client.socket.end();
    await client.untilClosed();
    await rig.log.until(() => upstream.open === 0, 'the end of the upstream connection');
    // What was asked for is stored a moment later: the next exchange must not find the rest of this one in its log.
    const count = (what: string | RegExp): number => rig.log.count('record', what);
    const ended = (): boolean =>
      count(/^asked connection/) === count('connection') && count('connection') === count('end');
    // A body that is cut or malformed ends the exchange while its upstream connection may still be on the way; whether
    // one is, no event tells.
    const headTaken = judgement.requests.length > 0 || judgement.end !== 'malformed head';
    if (headTaken && count(/^asked connection/) === 0) await rig.settle();
    await rig.log.until(() => upstream.open === 0 && ended(), 'the end of the recorded connection');
    const outcome = { judgement, answers: read(), forwarded: upstream.messages.length };
    check(outcome, client);
    checkUpstream(outcome, { rig, upstream });
    return outcome;
  } finally {
    client.destroy();
  }
}

/**
 * A refusal that ends the connection may come with a body or without one when it answers HEAD: what was refused need not
 * have been read as far as its method (three empty lines before it), or may be no request to the judge.
 */
function readAnswers(client: RawClient, methods: readonly string[]): ReadStream {
  const ended = client.closed && client.errorCode === null;
  const plain = responsesIn(client.bytes, methods, ended);
  const last = plain.responses.at(-1);
  if (plain.rest === 'nothing') return plain;
  const others = [[...methods, 'HEAD']];
  if (last !== undefined && last.status >= 400 && last.closes)
    others.push(methods.with(plain.responses.length - 1, 'GET'));
  const reads = others.map((each) => responsesIn(client.bytes, each, ended));
  return reads.find(({ rest }) => rest === 'nothing') ?? plain;
}

function check({ judgement, answers, forwarded }: Outcome, client: RawClient): void {
  // The client got everything that was said to it, and to the letter.
  expect(client.errorCode).toBeNull();
  expect(answers).toMatchObject({ rest: 'nothing' });
  const { requests } = judgement;
  let passed = 0;
  for (const [index, response] of answers.responses.entries()) {
    const request = requests[index];
    if (response.status === 200) {
      passed += 1;
      // No answer without its request.
      expect(request).toBeDefined();
      expect(reportIn(response.fields)).toMatchObject({
        method: request?.method,
        nonce: valuesOf(request?.fields ?? [], 'x-nonce').join(' | '),
        bodyLength: request?.body.length,
        sha256: sha256(request?.body ?? ''),
      });
      continue;
    }
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(502);
    // What is right and usual must be taken; what is unusual may be refused; what is malformed must be.
    if (request !== undefined) expect([request.refusable, request.head]).not.toEqual([null, request.head]);
    else expect(judgement.end).not.toBe('closed');
    if (request === undefined) expect(index).toBe(answers.responses.length - 1);
  }
  const last = answers.responses.at(-1);
  if (answers.responses.length < requests.length) {
    // Whoever answers less than was asked must have said that it closes.
    expect(last?.status).not.toBe(200);
    expect(last?.closes).toBe(true);
  }
  if (judgement.end.startsWith('malformed')) {
    expect(last?.status).not.toBe(200);
    expect(last?.closes).toBe(true);
  }
  if (judgement.end === 'nothing' || judgement.end === 'closed')
    expect(answers.responses.length).toBeLessThanOrEqual(requests.length);
  expect(forwarded).toBe(passed);
}

function checkUpstream({ judgement, answers, forwarded }: Outcome, { rig, upstream }: StrictRig): void {
  expect(upstream.alarms).toEqual([]);
  // In order, one for each: the reports that the client got are those that the upstream made.
  const told = answers.responses.filter(({ status }) => status === 200).map(({ fields }) => reportIn(fields));
  expect(told).toEqual(upstream.messages.map(({ request: _request, ...report }) => report));
  const bytes = rig.log.first('strict', 'bytes');
  if (bytes !== -1) {
    const record = rig.log.first('record', 'connection');
    expect(record).not.toBe(-1);
    expect(record).toBeLessThan(bytes);
  } else expect(forwarded).toBe(0);
  // Of a head that is none nothing is recorded.
  if (judgement.requests.length === 0 && judgement.end === 'malformed head') expect(recorded(rig)).toBe(0);
}

function reportIn(fields: readonly Field[]): unknown {
  return JSON.parse(valuesOf(fields, 'x-report').join('') || 'null');
}

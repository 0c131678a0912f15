import { Readable } from 'node:stream';
import * as fc from 'fast-check';
import { Client } from 'undici';
import { describe, expect, it } from 'vitest';
import { openRig, routeTo } from '../harness.ts';
import { responses } from '../response-samples.ts';
import { holds, PATIENCE } from '../../support/fuzzing.ts';
import { readByNode, readByUndici, sendRaw, serveByNode, serveBytes } from './oracles.ts';
import { cutAt, cuts, streams } from './request-streams.ts';
import { judge } from './requests.ts';
import { sha256 } from './strict-upstream.ts';

describe('well-formed responses', () => {
  it('are to node:http and to undici behind the gateway what they are without it', PATIENCE, async () => {
    const rig = await openRig();
    const direct = await serveBytes();
    let runs = 0;
    await holds(
      fc.asyncProperty(responses, async (text) => {
        direct.bytes = text;
        rig.upstream.answer = (_request, connection) => connection.end(text);
        const [byNode, byUndici] = [await readByNode(direct.port), await readByUndici(direct.port)];
        expect(byNode).not.toBeNull();
        expect(byUndici).not.toBeNull();
        expect(await readByNode(rig.port)).toEqual({ ...byNode, open: false });
        expect(await readByUndici(rig.port)).toEqual(byUndici);
        runs += 1;
      }),
      2,
    );
    expect(runs).toBeGreaterThan(50);
  });
});

describe('well-formed requests', () => {
  it('are to node:http behind the gateway what they are without it', PATIENCE, async () => {
    const node = await serveByNode();
    const rig = await openRig({ routes: () => [routeTo(node.port)] });
    let runs = 0;
    await holds(
      fc.asyncProperty(streams, cuts, async (stream, places) => {
        const count = judge(stream).requests.length;
        const pieces = cutAt(stream, places);
        node.seen.splice(0);
        await sendRaw(node.port, pieces, count);
        const direct = node.seen.splice(0);
        await sendRaw(rig.port, pieces, count);
        expect(direct).toHaveLength(count);
        expect(node.seen).toEqual(direct);
        runs += 1;
      }),
      2,
    );
    expect(runs).toBeGreaterThan(50);
  });

  it('that undici writes arrive as it was asked to write them', PATIENCE, async () => {
    const node = await serveByNode();
    const rig = await openRig({ routes: () => [routeTo(node.port)] });
    const client = new Client(`http://127.0.0.1:${rig.port}`, { pipelining: 1 });
    const methods = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS');
    const bodies = fc.option(fc.uint8Array({ minLength: 1, maxLength: 5000 }));
    const values = fc.string({ unit: fc.constantFrom(...'abc 09";=,é'.split('')), maxLength: 12 });
    await holds(
      fc.asyncProperty(methods, bodies, values, fc.boolean(), async (method, body, text, chunked) => {
        const value = text.trim();
        const bytes = body === null ? null : Buffer.from(body);
        async function* inPieces(all: Buffer): AsyncGenerator<Buffer> {
          for (let at = 0; at < all.length; at += 700) yield all.subarray(at, at + 700);
        }
        node.seen.splice(0);
        const answer = await client.request({
          path: '/by-undici',
          method,
          headers: { 'x-value': Buffer.from(value, 'latin1').toString('latin1') },
          body: bytes === null ? null : chunked ? Readable.from(inPieces(bytes)) : bytes,
        });
        expect(answer.statusCode).toBe(200);
        expect(await answer.body.text()).toBe('ok');
        expect(node.seen).toMatchObject([
          {
            method,
            target: '/by-undici',
            headers: ['x-value', value],
            bodyLength: bytes?.length ?? 0,
            sha256: sha256(bytes?.toString('latin1') ?? ''),
          },
        ]);
      }),
      1,
    );
    await client.close();
  });
});

import { createServer, type Server } from 'node:net';
import { get, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ResponseParseError,
  ResponseParser,
  type ResponseHead,
} from '../../src/gateway/http1/response-parser.ts';
import { responses, mutations, type Parsed } from './response-samples.ts';
import { SEEDED } from '../support/seed.ts';

const MAX_HEAD = 4096;

/** What the parser says of bytes that come in these pieces and then end. */
function parse(pieces: readonly Buffer[], head = false): Parsed | 'refused' | 'truncated' {
  const interim: number[] = [];
  let final: ResponseHead | null = null;
  let body = '';
  let completed = 0;
  const parser = new ResponseParser(MAX_HEAD);
  parser.expect(
    {
      onInformation: (seen) => void interim.push(seen.status),
      onHead: (seen) => void (final = seen),
      onBody: (chunk, last) => {
        body += chunk.toString('latin1');
        if (last && completed > 0) throw new Error('a body after its end');
      },
      onComplete: () => void (completed += 1),
      onUpgraded: () => {
        throw new Error('an upgrade that nobody asked for');
      },
    },
    { head, upgrade: null },
  );
  try {
    for (const piece of pieces) parser.execute(piece);
  } catch (error) {
    if (!(error instanceof ResponseParseError)) throw error;
    return 'refused';
  }
  const whole = parser.finish();
  const seen = final as ResponseHead | null;
  if (seen === null || !whole || completed !== 1) return 'truncated';
  return { interim, status: seen.status, reason: seen.reason, headers: [...seen.headers], body };
}
const parsed = (text: string, head = false) => parse([Buffer.from(text, 'latin1')], head);

/** Cuts bytes at places given as fractions. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set([0, ...places.map((place) => Math.floor(place * bytes.length)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return at.slice(1).map((end, index) => bytes.subarray(at[index] ?? 0, end));
}

describe('the response parser', () => {
  it('gives the same events however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.oneof(responses, mutations),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
        (text, places) => {
          const bytes = Buffer.from(text, 'latin1');
          expect(parse(cut(bytes, places))).toEqual(parse([bytes]));
        },
      ),
      { numRuns: 1500, ...SEEDED },
    );
  });

  it('byte by byte too', () => {
    fc.assert(
      fc.property(responses, (text) => {
        const bytes = Buffer.from(text, 'latin1');
        expect(parse([...bytes].map((byte) => Buffer.from([byte])))).toEqual(parse([bytes]));
      }),
      { numRuns: 100, ...SEEDED },
    );
  });

  it('never throws anything but a parse fault, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        parse([Buffer.from(bytes)]);
        parse([Buffer.from('HTTP/1.1 200 OK\r\n'), Buffer.from(bytes)]);
      }),
      { numRuns: 1000, ...SEEDED },
    );
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!', 'refused'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok', 'truncated'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n', 'truncated'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nx', 'refused'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n', 'refused'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n', 'refused'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokk\r\n0\r\n\r\n', 'refused'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n', 'refused'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n', 'refused'],
    [`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'X: y\r\n'.repeat(2000)}\r\n`, 'refused'],
    ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 'refused'],
    ['HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok', 'refused'],
    [
      'HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      'refused',
    ],
    ['HTTP/1.0 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'refused'],
    ['', 'truncated'],
    ['HTTP/1.1 100 Continue\r\n\r\n', 'truncated'],
  ] as const)('%#: what is not whole or has more behind it', (text, outcome) => {
    expect(parsed(text)).toBe(outcome);
  });

  it('no body follows HEAD, 204 and 304, whatever they say', () => {
    expect(parsed('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', true)).toMatchObject({
      status: 200,
      body: '',
    });
    expect(parsed('HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n')).toMatchObject({
      status: 304,
      body: '',
    });
    expect(parsed('HTTP/1.1 204 No Content\r\n\r\n')).toMatchObject({ status: 204, body: '' });
  });

  it('a head is bounded also when it comes in pieces', () => {
    const line = Buffer.from('X: y\r\n');
    expect(parse([Buffer.from('HTTP/1.1 200 OK\r\n'), ...Array.from({ length: 2000 }, () => line)])).toBe(
      'refused',
    );
  });
});

/**
 * Node's own client (llhttp) as the oracle. It need not refuse what we refuse; but what we accept it must read in the
 * same way.
 */
describe('against llhttp', () => {
  let server: Server;
  let answer = Buffer.alloc(0);
  beforeAll(async () => {
    server = createServer((socket) => {
      socket.once('data', () => socket.end(answer));
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => void server.close());

  function oracle(text: string): Promise<Parsed | 'refused'> {
    answer = Buffer.from(text, 'latin1');
    const { promise, resolve } = Promise.withResolvers<Parsed | 'refused'>();
    const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false });
    const interim: number[] = [];
    request.on('information', (seen) => void interim.push(seen.statusCode));
    request.on('continue', () => undefined);
    request.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve('refused');
    });
    request.on('error', () => resolve('refused'));
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('error', () => resolve('refused'));
      response.on('end', () => {
        if (!response.complete) resolve('refused');
        else
          resolve({
            interim,
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? '',
            headers: response.rawHeaders,
            body,
          });
      });
      response.on('close', () => resolve('refused'));
    });
    return promise;
  }

  it('reads valid responses as we do', async () => {
    await fc.assert(
      fc.asyncProperty(responses, async (text) => {
        const ours = parsed(text);
        expect(ours).toBeTypeOf('object');
        expect(ours).toEqual(await oracle(text));
      }),
      { numRuns: 400, ...SEEDED },
    );
  });

  it('reads whatever we accept of mutated responses as we do', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(mutations, async (text) => {
        const ours = parsed(text);
        if (typeof ours === 'string') return;
        accepted += 1;
        expect(await oracle(text)).toEqual(ours);
      }),
      { numRuns: 4000, ...SEEDED },
    );
    // Otherwise the property would hold of nothing.
    expect(accepted).toBeGreaterThan(300);
  });

  it('the gateway’s request is one that Node accepts', async () => {
    const request = httpRequest({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      agent: false,
    });
    answer = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    request.end();
    await once(request, 'response');
  });
});

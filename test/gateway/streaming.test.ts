import { describe, expect, it } from 'vitest';
import { bytes } from './answers.ts';
import { openRig, type Rig } from './harness.ts';
import { OK } from './raw-upstream.ts';
import type { Socket } from 'node:net';

const MIB = 1024 * 1024;
const TOTAL = 64 * MIB;
const PIECE = Buffer.alloc(64 * 1024, 'x');
/** What a paused reader may leave lying in the kernel's buffers and ours, on two hops. */
const STALLED_AT_MOST = 32 * MIB;
const MEMORY = 16 * MIB;

/** Writes until all is out, only as fast as the socket takes it. */
class Pump {
  sent = 0;
  readonly #write: (piece: Buffer) => boolean;
  constructor(socket: Socket, write: (piece: Buffer) => boolean) {
    this.#write = write;
    socket.on('drain', () => this.run());
    this.run();
  }
  run(): void {
    while (this.sent < TOTAL) {
      this.sent += PIECE.length;
      if (!this.#write(PIECE)) return;
    }
  }
  stop(): void {
    this.sent = TOTAL;
  }
}

/** Waits until nothing moves any more. Returns the highest memory in buffers that was seen. */
async function stall(rig: Rig, moved: () => number): Promise<number> {
  let highest = 0;
  for (let still = 0, before = -1; still < 5; still = moved() === before ? still + 1 : 0) {
    before = moved();
    await rig.settle();
    highest = Math.max(highest, process.memoryUsage().arrayBuffers);
  }
  return highest;
}

describe('bodies are streamed', () => {
  it.each(['Content-Length', 'chunked'])(
    'an upload to a slow upstream waits for it (%s)',
    async (framing) => {
      const rig = await openRig();
      rig.upstream.drink = true;
      rig.upstream.answer = (_request, connection) => connection.socket.pause();
      const client = await rig.client();
      const before = process.memoryUsage().arrayBuffers;
      client.send(
        `POST / HTTP/1.1\r\nHost: a\r\n${framing === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${TOTAL}`}\r\n\r\n`,
      );
      const { socket } = client;
      const pump = new Pump(socket, (piece) => {
        if (framing !== 'chunked') return socket.write(piece);
        socket.write(`${piece.length.toString(16)}\r\n`);
        socket.write(piece);
        return socket.write('\r\n');
      });
      await rig.log.until(() => rig.upstream.requests.length === 1, 'the head');
      const highest = await stall(rig, () => pump.sent);
      expect(pump.sent).toBeLessThan(STALLED_AT_MOST);
      expect(highest - before).toBeLessThan(MEMORY);
      const { connection } = rig.upstream.last;
      connection.socket.resume();
      await rig.log.until(() => pump.sent >= TOTAL, 'the whole upload');
      if (framing === 'chunked') client.send('0\r\n\r\n');
      await rig.log.until(() => connection.received >= TOTAL, 'the whole body');
      await stall(rig, () => connection.received);
      connection.write(OK);
      expect((await client.response()).status).toBe(200);
      const overhead = framing === 'chunked' ? TOTAL / 1000 : 0;
      expect(connection.received - connection.bytes.indexOf('\r\n\r\n') - 4).toBeGreaterThanOrEqual(TOTAL);
      expect(connection.received).toBeLessThan(TOTAL + 2000 + overhead);
    },
  );

  it('a download to a slow client waits for it', async () => {
    const rig = await openRig();
    let pump: Pump | null = null;
    rig.upstream.answer = (_request, connection) => {
      connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL}\r\n\r\n`);
      pump = new Pump(connection.socket, (piece) => connection.socket.write(piece));
    };
    const client = await rig.client();
    client.socket.removeAllListeners('data');
    let received = 0;
    client.socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      rig.log.add('client', 'body');
    });
    client.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    client.get('/');
    await rig.log.until(() => pump !== null, 'the request');
    const highest = await stall(rig, () => pump?.sent ?? 0);
    expect(pump).toMatchObject({ sent: expect.any(Number) });
    expect((pump as Pump | null)?.sent).toBeLessThan(STALLED_AT_MOST);
    expect(highest - before).toBeLessThan(MEMORY);
    client.socket.resume();
    await rig.log.until(() => received > TOTAL, 'the whole download');
    client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
    await rig.log.until(() => rig.upstream.requests.length === 2, 'the next request');
  });

  it('a piece of the request body goes out as soon as it comes, and a piece of the answer too', async () => {
    const rig = await openRig();
    rig.upstream.answer = (_request, connection) =>
      connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const client = await rig.client();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    await client.untilReceived('\r\n\r\n');
    for (const word of ['one', 'two', 'three']) {
      client.send(`${word.length.toString(16)}\r\n${word}\r\n`);
      await rig.log.until(() => rig.upstream.last.body.endsWith(word), word);
      rig.upstream.last.connection.write(`${word.length.toString(16)}\r\n${word}\r\n`);
      await client.untilReceived(word);
    }
    client.send('0\r\n\r\n');
    await rig.log.until(() => rig.upstream.last.complete, 'the end of the body');
    rig.upstream.last.connection.write('0\r\n\r\n');
    expect((await client.response()).body).toBe('onetwothree');
    rig.upstream.answer = bytes(OK);
    client.get('/next');
    expect((await client.response()).status).toBe(200);
    expect(rig.upstream.sockets).toHaveLength(1);
  });

  it('trailers of a request are not forwarded, its end is', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.send(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n0\r\nX-Request-Id: evil\r\n\r\n',
    );
    expect((await client.response()).status).toBe(200);
    await rig.log.until(() => rig.upstream.last.complete, 'the end');
    expect(rig.upstream.bytes).not.toContain('evil');
    expect(rig.upstream.last.body).toBe('hi');
  });
});

describe('a client that goes away', () => {
  it.each([
    ['while it waits for the answer', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', ''],
    ['within its upload', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf', ''],
    [
      'within a chunked upload',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
      '',
    ],
    [
      'within the answer',
      'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf',
    ],
  ])('%s: the upstream connection ends, the request stays truncated', async (_name, request, answer) => {
    const rig = await openRig();
    rig.upstream.answer = bytes(answer);
    const client = await rig.client();
    client.send(request);
    if (request.endsWith('half'))
      await rig.log.until(() => rig.upstream.bytes.endsWith('half'), 'half of the body');
    else if (request.endsWith('half\r\n'))
      await rig.log.until(() => rig.upstream.bytes.endsWith('half\r\n'), 'half of the body');
    else await rig.log.until(() => rig.upstream.requests.length === 1, 'the request');
    if (answer !== '') await client.untilReceived('half');
    client.destroy();
    // Within an answer a closed half is no sign: only what is sent next finds nobody.
    if (answer !== '')
      for (const piece of ['a', 'b']) {
        await rig.settle();
        rig.upstream.last.connection.write(piece);
      }
    await rig.log.untilSeen('upstream', 'closed');
    expect(rig.upstream.bytes).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(rig.records.all('request').length).toBe(request.startsWith('POST') ? 1 : 0);
    await rig.log.untilSeen('record', 'end');
  });
});

describe('a half-closed client', () => {
  it.each([
    ['GET', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['POST', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi'],
    ['GET over HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'],
  ])('is served what it has asked for (%s), then the connection ends', async (_name, request) => {
    const rig = await openRig();
    rig.upstream.answer = () => undefined;
    const client = await rig.client();
    client.socket.end(request);
    await rig.log.until(() => rig.upstream.requests[0]?.complete === true, 'the request');
    await rig.settle();
    rig.upstream.last.connection.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
    await client.untilReceived('half');
    rig.upstream.last.connection.write('done');
    let response = await client.response();
    if (response.status === 102) response = await client.response();
    expect(response).toMatchObject({ status: 200, body: 'halfdone' });
    await client.untilClosed();
    expect(client.errorCode).toBeNull();
  });
});

describe('an answer before the whole request has come', () => {
  it('reaches a client that is still sending, and nothing more is read for the upstream', async () => {
    const rig = await openRig();
    rig.upstream.drink = true;
    rig.upstream.answer = (_request, connection) => {
      connection.socket.pause();
      connection.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno');
    };
    const client = await rig.client();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${TOTAL}\r\n\r\n`);
    const pump = new Pump(client.socket, (piece) => client.socket.write(piece));
    expect(await client.response()).toMatchObject({ status: 413, body: 'no' });
    pump.stop();
    client.socket.end();
    await client.untilClosed();
    expect(client.errorCode).toBeNull();
    rig.upstream.last.connection.socket.resume();
    await rig.log.untilSeen('upstream', 'closed');
  });

  it.each([
    ['no route', 404],
    ['not recorded', 503],
  ])('a refusal (%s) reaches a client that is still sending', async (why, status) => {
    const rig = await openRig({ route: { host: why === 'no route' ? 'other.example' : null } });
    if (why === 'not recorded') rig.records.gate.fail(new Error('full'));
    for (let round = 0; round < 5; round += 1) {
      const client = await rig.client();
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${TOTAL}\r\n\r\n`);
      const pump = new Pump(client.socket, (piece) => client.socket.write(piece));
      expect((await client.response()).status).toBe(status);
      pump.stop();
      client.socket.end();
      await client.untilClosed();
      // A reset would take the answer away from a client that has not read it yet.
      expect(client.errorCode).toBeNull();
    }
    expect(rig.upstream.bytes).toBe('');
  });
});

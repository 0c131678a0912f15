import { describe, expect, it } from 'vitest';
import { headerOf } from '../raw-upstream.ts';
import { openStrictRig, recorded, statuses, type StrictRig } from './strict-rig.ts';
import { sha256 } from './strict-upstream.ts';
import { H } from './vectors/vector.ts';

const LIMITS = { headerBytes: 4096, headerCount: 20, targetBytes: 1000 } as const;
const BODY_BYTES = 1000;
const open = () => openStrictRig({ limits: LIMITS, route: { bodyBytes: BODY_BYTES } });
const CHUNKED = `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n`;
const lines = (count: number): string =>
  Array.from({ length: count }, (_none, index) => `X-${index}: ${index}\r\n`).join('');

async function send(text: string): Promise<StrictRig & { status: number }> {
  const { rig, upstream } = await open();
  const client = await rig.client();
  client.send(text);
  const response = await client.response();
  if (response.status !== 200) {
    expect(headerOf(response.head, 'connection')).toBe('close');
    await client.untilClosed();
    expect(statuses(client)).toHaveLength(1);
  }
  await rig.settle();
  return { rig, upstream, status: response.status };
}

/** Refused before anything of it went anywhere. */
async function refused(text: string, status: number): Promise<void> {
  const seen = await send(text);
  expect(seen.status).toBe(status);
  expect(seen.upstream.connections).toBe(0);
  expect(recorded(seen.rig)).toBe(0);
}

async function accepted(text: string, body: string): Promise<void> {
  const seen = await send(text);
  expect(seen.status).toBe(200);
  expect(seen.upstream.messages).toMatchObject([{ sha256: sha256(body) }]);
}

describe('the head', () => {
  it('of as many header lines as allowed passes; one more is 431', async () => {
    await accepted(`GET / HTTP/1.1\r\n${H}${lines(LIMITS.headerCount - 1)}\r\n`, '');
    await refused(`GET / HTTP/1.1\r\n${H}${lines(LIMITS.headerCount)}\r\n`, 431);
  });

  it('well below the bytes allowed passes; longer is 431, in one line or in many', async () => {
    await accepted(`GET / HTTP/1.1\r\n${H}X: ${'a'.repeat(3000)}\r\n\r\n`, '');
    await refused(`GET / HTTP/1.1\r\n${H}X: ${'a'.repeat(LIMITS.headerBytes)}\r\n\r\n`, 431);
    await refused(`GET / HTTP/1.1\r\n${H}${`X: ${'a'.repeat(500)}\r\n`.repeat(10)}\r\n`, 431);
    await refused(`GET / HTTP/1.1\r\n${H}${'a'.repeat(LIMITS.headerBytes)}: x\r\n\r\n`, 431);
  });

  it('that never ends is 431 as soon as it is too long, also when it comes in pieces', async () => {
    await refused(`GET / HTTP/1.1\r\n${H}X: ${'a'.repeat(LIMITS.headerBytes + 1)}`, 431);
    const { rig, upstream } = await open();
    const client = await rig.client();
    client.send(`GET / HTTP/1.1\r\n${H}`);
    for (let sent = 0; sent <= LIMITS.headerBytes && !client.closed; sent += 100) {
      client.send(`X: ${'a'.repeat(95)}\r\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.response()).status).toBe(431);
    await client.untilClosed();
    expect(upstream.connections).toBe(0);
  });

  it('of a later request on the connection is measured for itself', async () => {
    const { rig, upstream } = await open();
    const client = await rig.client();
    for (let round = 0; round < 5; round += 1) {
      client.send(`GET /${round} HTTP/1.1\r\n${H}X: ${'a'.repeat(3000)}\r\n\r\n`);
      expect((await client.response()).status).toBe(200);
    }
    client.send(`GET /behind HTTP/1.1\r\n${H}X: ${'a'.repeat(LIMITS.headerBytes)}\r\n\r\n`);
    expect((await client.response()).status).toBe(431);
    await client.untilClosed();
    expect(upstream.messages).toHaveLength(5);
  });
});

describe('the target', () => {
  const target = (length: number): string => `/${'a'.repeat(length - 1)}`;

  it('of the length allowed passes; one byte more is 414', async () => {
    await accepted(`GET ${target(LIMITS.targetBytes)} HTTP/1.1\r\n${H}\r\n`, '');
    await refused(`GET ${target(LIMITS.targetBytes + 1)} HTTP/1.1\r\n${H}\r\n`, 414);
  });

  it('that never ends is refused as soon as it is too long', async () => {
    const seen = await send(`GET ${target(LIMITS.headerBytes + 100)}`);
    expect([414, 431]).toContain(seen.status);
    expect(seen.upstream.connections).toBe(0);
  });
});

describe('the body', () => {
  const text = (length: number): string => 'b'.repeat(length);
  const announced = (length: number, sent = length): string =>
    `POST / HTTP/1.1\r\n${H}Content-Length: ${length}\r\n\r\n${text(sent)}`;

  it('of the announced length allowed passes; one byte more is 413, also before any of it came', async () => {
    await accepted(announced(BODY_BYTES), text(BODY_BYTES));
    await refused(announced(BODY_BYTES + 1), 413);
    await refused(announced(BODY_BYTES + 1, 0), 413);
  });

  it('too long and awaiting a 100 is 413, never 100', async () => {
    await refused(`POST / HTTP/1.1\r\n${H}Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n`, 413);
  });

  it('in chunks is counted: as long as allowed passes', async () => {
    await accepted(`${CHUNKED}1f4\r\n${text(500)}\r\n1f4\r\n${text(500)}\r\n0\r\n\r\n`, text(1000));
  });

  it.each([
    ['in one chunk', `3e9\r\n${text(1001)}\r\n0\r\n\r\n`],
    ['in many chunks', `${'1\r\nb\r\n'.repeat(1001)}0\r\n\r\n`],
    ['in a last chunk', `3e8\r\n${text(1000)}\r\n1\r\nb\r\n0\r\n\r\n`],
    ['in a huge chunk', `fffffffff\r\n${text(2000)}`],
  ])(
    'one byte more %s: 413, never whole at the upstream, nothing behind it forwarded',
    async (_name, chunks) => {
      const seen = await send(`${CHUNKED}${chunks}GET /behind HTTP/1.1\r\n${H}\r\n`);
      expect(seen.status).toBe(413);
      expect(seen.upstream.messages).toEqual([]);
      expect(seen.upstream.open).toBe(0);
    },
  );

  it('counts data, not the chunks around it', async () => {
    await accepted(`${CHUNKED}${'1;extension=value\r\nb\r\n'.repeat(100)}0\r\n\r\n`, text(100));
  });

  it('the client is told so although it is still sending', async () => {
    const { rig, upstream } = await open();
    const client = await rig.client();
    client.send(announced(10_000_000, 0));
    // A server that closes at once would have the kernel throw its answer away (RFC 9112, 9.6).
    for (let piece = 0; piece < 20 && !client.closed; piece += 1) {
      client.send(text(65_536));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.response()).status).toBe(413);
    expect(upstream.connections).toBe(0);
  });
});

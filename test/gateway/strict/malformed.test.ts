import { describe, expect, it } from 'vitest';
import { headerOf } from '../raw-upstream.ts';
import { openStrictRig, recorded, statuses } from './strict-rig.ts';
import { CHUNKS } from './vectors/chunks.ts';
import { CONTENT_LENGTH } from './vectors/content-length.ts';
import { FIELDS } from './vectors/fields.ts';
import { HOST } from './vectors/host.ts';
import { REQUEST_LINE, TARGET } from './vectors/target.ts';
import { TRANSFER_ENCODING } from './vectors/transfer-encoding.ts';
import { H, type Vector } from './vectors/vector.ts';

const REFUSED_HEADS: Readonly<Record<string, readonly Vector[]>> = {
  'Transfer-Encoding': TRANSFER_ENCODING,
  'Content-Length': CONTENT_LENGTH,
  'field lines': FIELDS,
  Host: HOST,
  'request targets': TARGET,
  'request lines': REQUEST_LINE,
};

const before = `GET /before HTTP/1.1\r\n${H}\r\n`;
const behind = `GET /behind HTTP/1.1\r\n${H}\r\n`;
const openFor = (vector: Vector) =>
  openStrictRig({
    ...(vector.limits === undefined ? {} : { limits: vector.limits }),
    ...(vector.route === undefined ? {} : { route: vector.route }),
  });

describe.each(Object.entries(REFUSED_HEADS))('malformed %s', (_family, table) => {
  it.each(table)('$name: 400, closed, nothing forwarded, nothing recorded', async (vector) => {
    const { rig, upstream } = await openFor(vector);
    const client = await rig.client();
    client.send(vector.bytes);
    const response = await client.response(vector.bytes.startsWith('HEAD '));
    expect(vector.status ?? [400]).toContain(response.status);
    expect(headerOf(response.head, 'connection')).toBe('close');
    await client.untilClosed();
    await rig.settle();
    expect(statuses(client)).toHaveLength(1);
    expect(upstream.connections).toBe(0);
    expect(recorded(rig)).toBe(0);
  });

  it.each(table)('$name: between two good requests', async (vector) => {
    const { rig, upstream } = await openFor(vector);
    const client = await rig.client();
    client.send(`${before}${vector.bytes}${behind}`);
    expect((await client.response()).status).toBe(200);
    const { status } = await client.response(vector.bytes.startsWith('HEAD '));
    expect(vector.status ?? [400]).toContain(status);
    await client.untilClosed();
    await rig.settle();
    expect(statuses(client)).toHaveLength(2);
    expect(upstream.messages.map(({ target }) => target)).toEqual(['/before']);
  });
});

describe('malformed chunked bodies', () => {
  it.each(CHUNKS)('$name: 400, closed, never whole at the upstream', async (vector) => {
    const { rig, upstream } = await openFor(vector);
    const client = await rig.client();
    client.send(vector.bytes);
    expect(vector.status ?? [400]).toContain((await client.response()).status);
    await client.untilClosed();
    await rig.settle();
    expect(statuses(client)).toHaveLength(1);
    expect(upstream.messages).toEqual([]);
    expect(upstream.open).toBe(0);
  });

  it.each(CHUNKS)('$name: between two good requests, nothing behind it is forwarded', async (vector) => {
    const { rig, upstream } = await openFor(vector);
    const client = await rig.client();
    client.send(`${before}${vector.bytes}${behind}`);
    expect((await client.response()).status).toBe(200);
    expect(vector.status ?? [400]).toContain((await client.response()).status);
    await client.untilClosed();
    await rig.settle();
    expect(statuses(client)).toHaveLength(2);
    expect(upstream.messages.map(({ target }) => target)).toEqual(['/before']);
    expect(upstream.open).toBe(0);
  });
});

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ShudiError } from '../../src/model/errors.ts';
import { openPeer, type Handlers } from '../../src/platform/rpc.ts';
import { linkPair } from './support.ts';

type Service = {
  readonly double: { readonly argument: number; readonly result: number };
  readonly fail: { readonly argument: 'known' | 'unknown' | 'late'; readonly result: void };
  readonly note: { readonly argument: string; readonly result: void };
  readonly wait: { readonly argument: null; readonly result: string };
};
type Nothing = { readonly [method: string]: never };

const busy = () => new ShudiError('vault.busy', 'Too much.');
const gone = () => new ShudiError('vault.unavailable', 'Gone.');

/** A service at one end of a link, its caller at the other. */
function pair({ outstanding = 100, serving = 100 } = {}) {
  const [near, far] = linkPair();
  const notes: unknown[] = [];
  const gates: (() => void)[] = [];
  const methods: Handlers<Service> = {
    double: (argument) => Number(argument) * 2,
    fail: async (argument) => {
      if (argument === 'late') await turn();
      if (argument === 'unknown') throw new TypeError('secret text');
      throw new ShudiError('key.wrong', 'It is wrong.', '/place');
    },
    note: (argument) => void notes.push(argument),
    wait: () => new Promise<string>((resolve) => gates.push(() => resolve('waited'))),
  };
  const limits = { outstanding: 1000, serving };
  const server = openPeer<Service, Nothing>(far, { channel: 'test', methods, limits, busy, gone });
  const client = openPeer<Nothing, Service>(near, {
    channel: 'test',
    methods: {},
    limits: { outstanding, serving: 10 },
    busy,
    gone,
  });
  return { near, far, notes, gates, server, client };
}

describe('calls over a link', () => {
  it('get the answer of their own, whatever order the answers come in', async () => {
    const { client, gates } = pair();
    const waiting = client.call('wait', null);
    expect(await Promise.all([1, 2, 3].map((n) => client.call('double', n)))).toEqual([2, 4, 6]);
    gates.forEach((open) => open());
    expect(await waiting).toBe('waited');
    expect(client.stats()).toMatchObject({ outstanding: 0, refused: 0, malformed: 0 });
  });

  it('of one turn go as one message, and so do their answers', async () => {
    const { client, near, far } = pair();
    await Promise.all(Array.from({ length: 50 }, (_, n) => client.call('double', n)));
    expect(near.sent).toHaveLength(1);
    expect(far.sent).toHaveLength(1);
    await client.call('double', 1);
    expect(near.sent).toHaveLength(2);
  });

  it('fail with the code, text and place of a ShudiError, and with nothing of any other', async () => {
    const { client, far } = pair();
    for (const kind of ['known', 'late'] as const) {
      const error: unknown = await client.call('fail', kind).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ShudiError);
      expect(error).toMatchObject({ code: 'key.wrong', message: 'It is wrong.', where: '/place' });
    }
    await expect(client.call('fail', 'unknown')).rejects.toMatchObject({ code: 'internal.fault' });
    expect(JSON.stringify(far.sent)).not.toContain('secret');
  });

  it('are refused beyond the bound, with the error that the caller gave, until answers come', async () => {
    const { client, gates } = pair({ outstanding: 2 });
    const waiting = [client.call('wait', null), client.call('wait', null)];
    await expect(client.call('double', 1)).rejects.toMatchObject({ code: 'vault.busy' });
    expect(client.stats()).toMatchObject({ outstanding: 2, refused: 1 });
    await turn();
    await turn();
    await turn();
    gates.forEach((open) => open());
    await Promise.all(waiting);
    expect(await client.call('double', 1)).toBe(2);
  });

  it('are refused by the one who serves when the caller keeps to no bound', async () => {
    const { client, gates, server } = pair({ serving: 3 });
    const calls = Array.from({ length: 5 }, () => client.call('wait', null));
    const settled = Promise.allSettled(calls);
    for (const refused of calls.slice(3)) await expect(refused).rejects.toMatchObject({ code: 'vault.busy' });
    expect(server.stats()).toMatchObject({ serving: 3, refused: 2 });
    gates.forEach((open) => open());
    expect((await settled).filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(server.stats().serving).toBe(0);
  });

  it('reject when the link closes, and after', async () => {
    const { client, near, far, notes } = pair();
    const waiting = client.call('wait', null);
    far.close();
    await expect(waiting).rejects.toMatchObject({ code: 'vault.unavailable' });
    await expect(client.call('double', 1)).rejects.toMatchObject({ code: 'vault.unavailable' });
    const before = near.sent.length;
    client.push('note', 'late');
    await turn();
    expect(near.sent).toHaveLength(before);
    expect(notes).toEqual([]);
  });
});

describe('pushes', () => {
  it('arrive in their order, among the calls and before the answers that follow them', async () => {
    const { client, notes } = pair();
    client.push('note', 'a');
    const answer = client.call('note', 'b');
    client.push('note', 'c');
    await answer;
    expect(notes).toEqual(['a', 'b', 'c']);
    for (let i = 0; i < 300; i++) {
      client.push('note', `${i}`);
      if (i % 50 === 0) await client.call('double', 1);
    }
    await client.call('double', 1);
    expect(notes).toHaveLength(303);
  });

  it('close a link on whose other side nobody reads', async () => {
    const [near] = linkPair();
    const client = openPeer<Nothing, Service>(near, {
      channel: 'test',
      methods: {},
      limits: { outstanding: 5, serving: 1 },
      busy,
      gone,
    });
    let closed = false;
    near.onClosed(() => (closed = true));
    for (let i = 0; i < 5; i++) client.push('note', 'x');
    await turn();
    await turn();
    expect(closed).toBe(false);
    client.push('note', 'x');
    await turn();
    await turn();
    expect(closed).toBe(true);
  });
});

describe('what comes over a link', () => {
  it('is refused when it names a method that there is not', async () => {
    const { near, server } = pair();
    const answers: unknown[] = [];
    near.onMessage((message) => answers.push(message));
    const names = ['nothing', 'toString', '__proto__', 'constructor'];
    near.send({
      channel: 'test',
      items: [
        ...names.map((name, id) => ['call', id + 1, name, null]),
        ...names.map((name) => ['push', name, null]),
      ],
    });
    for (let i = 0; i < 4; i++) await turn();
    expect(server.stats().malformed).toBe(8);
    const text = JSON.stringify(answers);
    for (const id of [1, 2, 3, 4]) expect(text).toContain(`["fail",${id},{"code":"internal.fault"`);
  });

  it('does no harm when it makes no sense', async () => {
    const { near, far, client, server } = pair();
    const items: unknown[] = [
      null,
      7,
      [],
      ['call', 'x', 'double', 1],
      ['call', 1, 2, 3],
      ['done'],
      ['done', 99, 1],
      ['fail', 99, null],
      ['fail', 99, { code: 1, message: '', where: null }],
      ['read', -1],
      ['read', 1.5],
      ['other', 1],
      { length: 3 },
    ];
    for (const message of [null, 1, 'x', [], {}, { channel: 'test' }, { channel: 'test', items: 'x' }])
      near.send(message);
    near.send({ channel: 'test', items });
    expect(await client.call('double', 4)).toBe(8);
    expect(server.stats().malformed).toBe(items.length + 2);
    // An answer with a code that does not exist must not become an error without an entry.
    const call = client.call('wait', null);
    await turn();
    far.send({ channel: 'test', items: [['fail', 2, { code: 'no.such', message: 'm', where: null }]] });
    await expect(call).rejects.toMatchObject({ code: 'internal.fault' });
  });

  it('goes to the channel that it was meant for', async () => {
    const [near, far] = linkPair();
    const limits = { outstanding: 10, serving: 10 };
    const open = (channel: string, factor: number) => {
      type Times = { readonly times: { readonly argument: number; readonly result: number } };
      openPeer<Times, Nothing>(far, {
        channel,
        methods: { times: (n) => Number(n) * factor },
        limits,
        busy,
        gone,
      });
      return openPeer<Nothing, Times>(near, { channel, methods: {}, limits, busy, gone });
    };
    const [two, three] = [open('two', 2), open('three', 3)];
    expect(await Promise.all([two.call('times', 5), three.call('times', 5)])).toEqual([10, 15]);
    expect(two.stats().malformed + three.stats().malformed).toBe(0);
  });
});

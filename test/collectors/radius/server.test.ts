import { afterEach, describe, expect, it, vi } from 'vitest';
import type { IpAddress } from '../../../src/model/address.ts';
import { startRadiusServer, type RadiusServer } from '../../../src/collectors/radius/server.ts';
import {
  AccessServer,
  accountingRequest,
  answers,
  attribute,
  number,
  SECRET,
  statusServer,
} from './access-server.ts';
import { RecordingFeed } from './recording-feed.ts';

const EVENT = 1_764_112_345;
const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

interface Setup {
  readonly feed: RecordingFeed;
  readonly server: RadiusServer;
  readonly access: AccessServer;
  /** The feeds of clients at further addresses of this machine, as they come. */
  readonly others: Map<string, RecordingFeed>;
}

async function setup({ atOnce = true, known = true } = {}): Promise<Setup> {
  const feed = new RecordingFeed({ atOnce });
  const others = new Map<string, RecordingFeed>();
  const server = await startRadiusServer({
    host: '127.0.0.1',
    port: 0,
    receiveBufferBytes: 1 << 20,
    clientOf: (from: IpAddress) => {
      if (!known) return null;
      if (from === '127.0.0.1') return { feed, secret: SECRET };
      const other = others.get(from) ?? new RecordingFeed({ atOnce });
      others.set(from, other);
      return { feed: other, secret: SECRET };
    },
  });
  const access = await AccessServer.open(server.address.port);
  open.push(
    {
      close: () => {
        feed.finish(false);
        return server.close();
      },
    },
    access,
  );
  return { feed, server, access, others };
}

interface Told {
  readonly identifier?: number;
  readonly status?: number;
  readonly session?: string;
  readonly delay?: number;
  readonly event?: number;
  readonly address?: number;
  readonly more?: readonly Buffer[];
}

const request = ({
  identifier = 1,
  status = 1,
  session = 'a1',
  delay = 0,
  event = EVENT,
  address = 7,
  more = [],
}: Told = {}): Buffer =>
  accountingRequest(
    [
      attribute(40, number(status)),
      attribute(44, Buffer.from(session)),
      attribute(32, Buffer.from('bras-1')),
      attribute(8, Buffer.from([100, 64, 0, address])),
      attribute(41, number(delay)),
      attribute(55, number(event)),
      ...more,
    ],
    { identifier },
  );

/** Shows that nothing else was answered before: the answer to this is the next one. */
async function expectNothingElse({ access }: Setup): Promise<void> {
  const probe = statusServer({ identifier: 250 });
  await access.send(probe);
  expect(answers(await access.answer(), probe)).toBe(true);
}

describe('a RADIUS server', () => {
  it('answers each request so that its sender can verify it, with its Proxy-States', async () => {
    const { feed, access, server } = await setup();
    const states = [attribute(33, Buffer.from('first')), attribute(33, Buffer.from('second'))];
    const packet = request({ more: states });
    await access.send(packet);
    const answer = await access.answer();
    expect(answers(answer, packet)).toBe(true);
    expect(answer.subarray(20)).toEqual(Buffer.concat(states));
    expect(feed.messages.map(({ leases }) => leases.map(({ address }) => address))).toEqual([['100.64.0.7']]);
    expect(Buffer.from(feed.messages[0]?.original ?? [])).toEqual(packet);
    expect(server.stats()).toMatchObject({ datagrams: 1, bytes: packet.length, answered: 1, underWay: 0 });
  });

  it('answers only when what was told is durable, and each retransmission of before only once', async () => {
    const all = await setup({ atOnce: false });
    const { feed, access, server } = all;
    const packet = request();
    await access.send(packet, packet, packet);
    await vi.waitFor(() => expect(server.stats().repeated).toBe(2));
    await expectNothingElse(all);
    expect(server.stats().underWay).toBe(1);
    feed.finish(true);
    expect(answers(await access.answer(), packet)).toBe(true);
    await expectNothingElse(all);
    expect(feed.messages).toHaveLength(1);
  });

  it('answers a retransmission that comes later again, from memory', async () => {
    const { feed, access } = await setup();
    const packet = request();
    await access.send(packet);
    const first = await access.answer();
    await access.send(packet);
    expect(await access.answer()).toEqual(first);
    expect(feed.messages).toHaveLength(1);
  });

  it('does not answer what could not be stored, and stores it when it is sent again', async () => {
    const all = await setup({ atOnce: false });
    const { feed, access, server } = all;
    const packet = request();
    await access.send(packet);
    await vi.waitFor(() => expect(feed.messages).toHaveLength(1));
    feed.finish(false);
    await vi.waitFor(() => expect(server.stats().notStored).toBe(1));
    await expectNothingElse(all);
    await access.send(packet);
    await vi.waitFor(() => expect(feed.messages).toHaveLength(2));
    feed.finish(true);
    expect(answers(await access.answer(), packet)).toBe(true);
  });

  it('knows a retransmission by its event though its delay was raised, under way and later', async () => {
    const { feed, access, server } = await setup({ atOnce: false });
    const [first, second, third] = [
      request(),
      request({ identifier: 2, delay: 5 }),
      request({ identifier: 3, delay: 9, event: EVENT + 1 }),
    ] as const;
    await access.send(first, second);
    await vi.waitFor(() => expect(server.stats().underWay).toBe(2));
    feed.finish(true);
    expect(answers(await access.answer(), first)).toBe(true);
    expect(answers(await access.answer(), second)).toBe(true);
    await access.send(third);
    expect(answers(await access.answer(), third)).toBe(true);
    expect(feed.messages).toHaveLength(1);
  });

  it.each([
    ['another session', { session: 'a2' }],
    ['another status', { status: 3 }],
    ['another time', { event: EVENT + 3 }],
    ['another address', { address: 8 }],
    ['another name', { more: [attribute(1, Buffer.from('anna'))] }],
  ])('stores what differs: %s', async (_name, other) => {
    const { feed, access } = await setup();
    for (const packet of [request(), request({ identifier: 2, ...other })]) {
      await access.send(packet);
      expect(answers(await access.answer(), packet)).toBe(true);
    }
    expect(feed.messages).toHaveLength(2);
  });

  it('refuses what is not of a known secret, and what is no request; nothing of it is answered', async () => {
    const all = await setup();
    const { feed, access, server } = all;
    await access.send(
      accountingRequest([], { secret: Buffer.from('other') }),
      Buffer.alloc(3),
      Buffer.concat([Buffer.from([1]), request().subarray(1)]),
      statusServer({ secret: Buffer.from('other') }),
      statusServer({ signed: false }),
      accountingRequest([attribute(40, number(1))]),
    );
    await expectNothingElse(all);
    expect(feed.rejections).toEqual([
      'radius-authenticator 1',
      'radius-length 1',
      'radius-code 1',
      'radius-message-authenticator 1',
      'radius-message-authenticator 1',
      'radius-no-session 1',
    ]);
    expect(feed.messages).toEqual([]);
    expect(server.stats()).toMatchObject({ rejected: 6, answered: 1 });
  });

  it('answers a status that says nothing here, so that it does not come for ever', async () => {
    const { feed, access } = await setup();
    const tunnel = request({ status: 9 });
    await access.send(tunnel);
    expect(answers(await access.answer(), tunnel)).toBe(true);
    expect(feed).toMatchObject({ messages: [], rejections: ['radius-unknown-status 1'] });
  });

  it('ignores unknown clients', async () => {
    const { feed, access, server } = await setup({ known: false });
    await access.send(request(), statusServer());
    await vi.waitFor(() => expect(server.stats().unknownClients).toBe(2));
    expect(server.stats().answered).toBe(0);
    expect(feed.rejections).toEqual([]);
  });

  it('has five thousand of a client under way at most, and ten thousand of all', async () => {
    const { feed, access, server, others } = await setup({ atOnce: false });
    let datagrams = 0;
    const fill = async (from: AccessServer): Promise<void> => {
      for (let sent = 0; sent < 5000; sent += 250) {
        const some = Array.from({ length: 250 }, (_, index) =>
          request({ identifier: index, session: `${sent + index}` }),
        );
        await from.send(...some);
        datagrams += 250;
        await vi.waitFor(() => expect(server.stats().datagrams).toBe(datagrams), { interval: 1 });
      }
    };
    await fill(access);
    await access.send(request({ session: 'more' }));
    await vi.waitFor(() => expect(server.stats()).toMatchObject({ dropped: 1, underWay: 5000 }));
    datagrams += 1;
    const [second, third] = await Promise.all(
      ['127.0.0.2', '127.0.0.3'].map((from) => AccessServer.open(server.address.port, from)),
    );
    if (second === undefined || third === undefined) throw new Error('no sockets');
    open.push(second, third);
    await fill(second);
    await third.send(request());
    await vi.waitFor(() => expect(server.stats()).toMatchObject({ dropped: 2, underWay: 10_000 }));
    expect(others.get('127.0.0.3')?.messages).toEqual([]);
    for (const each of [feed, ...others.values()]) each.finish(false);
    await vi.waitFor(() => expect(server.stats()).toMatchObject({ underWay: 0, notStored: 10_000 }));
    expect(feed.messages).toHaveLength(5000);
    // What is over leaves its place.
    await access.send(request({ session: 'again' }));
    await vi.waitFor(() => expect(feed.messages).toHaveLength(5001));
  });

  it('answers what is under way before it closes, and reads no more', async () => {
    const { feed, access, server } = await setup({ atOnce: false });
    const packet = request();
    await access.send(packet);
    await vi.waitFor(() => expect(feed.messages).toHaveLength(1));
    const closed = server.close();
    await access.send(request({ session: 'late', identifier: 2 }));
    feed.finish(true);
    await closed;
    expect(answers(await access.answer(), packet)).toBe(true);
    expect(feed.messages).toHaveLength(1);
    expect(server.stats()).toMatchObject({ answered: 1, datagrams: 1 });
  });

  it('tells of a port that is in use', async () => {
    const { server } = await setup();
    const { port } = server.address;
    const again = startRadiusServer({
      host: '127.0.0.1',
      port,
      receiveBufferBytes: 0,
      clientOf: () => null,
    });
    await expect(again).rejects.toMatchObject({ code: 'gateway.port-in-use' });
  });
});

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openCollectors, type Collectors } from '../../src/collectors/open-collectors.ts';
import type { ListenerSettings } from '../../src/collectors/settings.ts';
import type { SubjectDirectory } from '../../src/model/accounts.ts';
import type { RecordReader } from '../../src/model/records.ts';
import { systemClock, type Millis } from '../../src/model/time.ts';
import { openMemoryRecords } from '../../src/records/memory.ts';

const HOST = '127.0.0.1';
const LINE =
  '<134>1 2026 Nov 26 01:30:00 192.0.2.1 ne - NAT444:SessionbasedA [17 10.1.1.2 - 203.0.113.9 3 4 -]\n';

/** Nobody has a name here. */
const NOBODY: SubjectDirectory = {
  subjectOf: () => Promise.reject(new Error('no subject')),
  subjectsOf: () => Promise.resolve([]),
  known: () => null,
};

interface Opened {
  readonly collectors: Collectors;
  readonly reader: RecordReader;
  readonly dial: (place?: number) => Promise<Socket>;
  /** Resolves when the first listener has so many connections. */
  readonly connections: (count: number) => Promise<void>;
  readonly grade: () => string | undefined;
}

async function opened(...transports: readonly ListenerSettings['transport'][]): Promise<Opened> {
  const { writer, reader } = openMemoryRecords({ items: [] }, systemClock);
  const collectors = await openCollectors(
    {
      own: [],
      sources: [
        {
          name: 'ne',
          protocol: 'syslog',
          from: [HOST],
          realm: '',
          silentAfterMs: 300_000,
          vendor: null,
          zoneMinutes: 0,
        },
      ],
      listeners: transports.map((transport) => ({
        protocol: 'syslog',
        transport,
        host: HOST,
        port: 0,
        receiveBufferBytes: 65_536,
        tls: null,
      })),
    },
    { writer, subjects: NOBODY, clock: systemClock },
  );
  onTestFinished(() => collectors.close());
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    collectors,
    reader,
    dial: async (place = 0) => {
      const socket = connect(collectors.addresses[place]?.port ?? 0, HOST);
      onTestFinished(() => void socket.destroy());
      await once(socket, 'connect');
      return socket;
    },
    connections: (count) => until(() => collectors.status().listeners[0]?.connections === count),
    grade: () => collectors.status().sources[0]?.grade,
  };
}

describe('a source that sends by TCP alone', () => {
  it('is silent while it has no connection, and that time is a gap', async () => {
    const { collectors, reader, dial, connections, grade } = await opened('tcp');
    expect(grade()).toBe('silent');
    const from = systemClock();
    const socket = await dial();
    await connections(1);
    expect(grade()).toBe('ok');
    socket.end(LINE);
    await connections(0);
    expect(collectors.status().sources).toMatchObject([{ messages: 1, grade: 'silent' }]);
    const away = systemClock();
    await dial();
    await connections(1);
    await collectors.close();
    const to = systemClock();
    const gaps = await reader.gaps('ne', { from, to: (to + 1) as Millis });
    expect(gaps.some((gap) => gap.reason === 'lost' && gap.from <= from)).toBe(true);
    expect(gaps.some((gap) => gap.reason === 'lost' && gap.from <= away && gap.to >= away)).toBe(true);
    // Our own end makes no more of it than what was seen before.
    expect(gaps.filter(({ reason }) => reason === 'silent')).toEqual([]);
  });

  it('and could be heard by UDP is silent only when it has had a connection', async () => {
    const { dial, connections, grade } = await opened('tcp', 'udp');
    expect(grade()).toBe('ok');
    const socket = await dial();
    await connections(1);
    socket.end();
    await connections(0);
    expect(grade()).toBe('silent');
  });
});

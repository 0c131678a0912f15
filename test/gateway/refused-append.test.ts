import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ContactBook } from '../../src/gateway/client/contact-book.ts';
import type { LiveContact } from '../../src/gateway/client/contact.ts';
import { createRecordBudget } from '../../src/gateway/guard/record-budget.ts';
import type { Site, Subject } from '../../src/model/accounts.ts';
import type { Endpoint, IpAddress, Port } from '../../src/model/address.ts';
import type { RecordItem, RequestId } from '../../src/model/records.ts';
import { systemClock } from '../../src/model/time.ts';
import { WAITING_ROWS } from '../../src/records/recorder/protocol.ts';
import { startRecorderServer } from '../../src/records/recorder/server.ts';
import { connectRecorder } from '../../src/records/recorder/writer.ts';
import { openStore } from '../../src/records/sqlite/store.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { testRegions } from './stores.ts';

const FORUM = 'forum' as Site;
const end = (port: number): Endpoint => ({ address: '127.0.0.1' as IpAddress, port: port as Port });

/** A contact book on a recorder as it is, whose disk can be said to be low. */
async function recorded() {
  const directory = temporaryDirectory();
  const disk = { low: false };
  const store = openStore({ directory, durability: 'os' }, systemClock);
  const socketPath = join(directory, 'recorder.sock');
  const server = await startRecorderServer({
    store,
    socketPath,
    clock: systemClock,
    isLow: () => disk.low,
    onFailed: () => undefined,
  });
  const records = await connectRecorder({ socketPath, worker: true });
  const stop = async (): Promise<void> => {
    await records.close();
    await server.close();
  };
  const book = new ContactBook(
    { records, regions: testRegions, clock: systemClock, clockErrorMs: () => null },
    {
      limits: { claimedClients: 10, claimedIdleMs: 60_000 },
      budget: createRecordBudget({ rate: null, entries: 8, now: systemClock }),
      aggregated: () => undefined,
    },
  );
  const contact = (port: number): LiveContact =>
    book.direct(
      'public',
      end(port),
      end(80),
      { client: end(port), verdict: 'direct', chain: '' },
      systemClock(),
    );
  const request = (of: LiveContact) =>
    book.ensure(of, null, [book.requestItem(randomUUID() as RequestId, of, FORUM, null)]);
  const rows = (sql: string) => {
    const [day = ''] = readdirSync(join(directory, 'records')).filter((name) => name.endsWith('.sqlite'));
    const database = new DatabaseSync(join(directory, 'records', day), { readOnly: true });
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  };
  return { disk, book, records, contact, request, rows, stop };
}

const OPEN = 'SELECT id FROM connections c WHERE NOT EXISTS (SELECT 1 FROM ends e WHERE e.connection = c.id)';
/** For the writer to hear of a refusal and the recorder of that. */
const SETTLED_MS = 50;

describe('a moment in which nothing can be stored', () => {
  it('is over for a contact that was stored before it, and for those beside it', async () => {
    const { disk, book, contact, request, rows, stop } = await recorded();
    const [one, two] = [contact(1001), contact(1002)];
    await Promise.all([book.ensure(one, null, []), book.ensure(two, null, [])]);
    disk.low = true;
    await expect(request(one)).rejects.toMatchObject({ code: 'records.disk-reserve' });
    disk.low = false;
    await sleep(SETTLED_MS);
    await request(one);
    const three = contact(1003);
    await Promise.all([request(one), request(two), book.ensure(three, null, [])]);
    for (const each of [one, two, three]) book.leave(each, systemClock());
    await stop();
    expect(rows('SELECT id FROM connections')).toHaveLength(3);
    expect(rows('SELECT request FROM requests')).toHaveLength(3);
    expect(rows(OPEN)).toEqual([]);
  });

  it('keeps a contact whose own record it refused from being used, until that is stored', async () => {
    const { disk, book, contact, request, rows, stop } = await recorded();
    const one = contact(1001);
    disk.low = true;
    // The second rests on the first, and is refused with it.
    const [first, second] = [book.ensure(one, null, []), request(one)];
    await expect(first).rejects.toMatchObject({ code: 'records.disk-reserve' });
    await expect(second).rejects.toMatchObject({ code: expect.stringMatching(/^records\./) });
    disk.low = false;
    await sleep(SETTLED_MS);
    await request(one);
    expect(book.ensure(one, null, [])).toBeNull();
    book.leave(one, systemClock());
    await stop();
    expect(rows('SELECT id FROM connections')).toHaveLength(1);
    expect(rows(OPEN)).toEqual([]);
  });

  it('takes back a binding that it refused, and not one of before', async () => {
    const { disk, book, contact, rows, stop } = await recorded();
    const bind = (of: LiveContact, subject: string) =>
      book.ensure(
        of,
        { site: FORUM, subject: subject as Subject, learned: 'session', sessionSince: null },
        [],
      );
    const one = contact(1001);
    await bind(one, 'early');
    disk.low = true;
    await expect(bind(one, 'late')).rejects.toMatchObject({ code: 'records.disk-reserve' });
    disk.low = false;
    await sleep(SETTLED_MS);
    expect(bind(one, 'early')).toBeNull();
    await bind(one, 'late');
    book.leave(one, systemClock());
    await stop();
    expect(rows('SELECT subject FROM bindings')).toEqual([{ subject: 'early' }, { subject: 'late' }]);
  });

  it('does not let a request pass whose contact is still being stored', async () => {
    const { book, contact, request, records, stop } = await recorded();
    const one = contact(1001);
    const stored = book.ensure(one, null, []);
    const checkpoint: RecordItem = { type: 'checkpoint', connection: one.facts.id, to: systemClock() };
    const flood = records.append(Array.from({ length: WAITING_ROWS - 1 }, () => checkpoint));
    // Refused by the writer at once, before what was sent is settled.
    await expect(request(one)).rejects.toMatchObject({ code: 'records.unavailable' });
    const waits = book.ensure(one, null, []);
    expect(waits).toBe(stored);
    await stored;
    expect(book.ensure(one, null, [])).toBeNull();
    await flood;
    book.leave(one, systemClock());
    await stop();
  });
});

describe('a writer that leaves', () => {
  it('leaves nothing open, even if its own ends were lost', async () => {
    const { book, contact, rows, stop } = await recorded();
    await book.ensure(contact(1001), null, []);
    await stop();
    expect(rows(OPEN)).toEqual([]);
    expect(rows('SELECT reason FROM ends')).toEqual([{ reason: 'stopped' }]);
  });
});

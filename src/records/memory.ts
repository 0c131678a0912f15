import type { IpAddress, Port } from '../model/address.ts';
import type { Subject } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import {
  GATEWAY_SOURCE,
  type ConnectionId,
  type Contact,
  type EgressRecord,
  type Found,
  type Gap,
  type PublicationRecord,
  type RecordItem,
  type RecordReader,
  type RecordWriter,
  type RequestId,
  type SessionRecord,
  type Window,
} from '../model/records.ts';
import { overlaps, type Clock, type Millis } from '../model/time.ts';
import { assembleContact, assembleRequest, carriedBy, selectContacts } from './assemble.ts';
import { gapsIn } from './coverage.ts';

type Of<Type extends RecordItem['type']> = Extract<RecordItem, { type: Type }>;

/** What survives a run of the in-memory engine. */
export interface MemoryStore {
  readonly items: RecordItem[];
}

/**
 * The reference engine: a list and plain scans, so that what the contract means can be read off. For tests and for
 * understanding; it forgets everything with the process.
 */
export function openMemoryRecords(
  store: MemoryStore,
  clock: Clock,
): { writer: RecordWriter; reader: RecordReader } {
  const { items } = store;
  const all = <Type extends RecordItem['type']>(type: Type): Of<Type>[] =>
    items.filter((item): item is Of<Type> => item.type === type);
  recover(items);
  const started = clock();
  items.push({ type: 'lifecycle', source: GATEWAY_SOURCE, event: 'start', at: started });
  items.push({ type: 'coverage', source: GATEWAY_SOURCE, from: started, to: started });
  let open = true;

  const contactOf = (id: ConnectionId): Contact | null => {
    const connection = all('connection').find((item) => item.id === id);
    if (connection === undefined) return null;
    return assembleContact({
      connection,
      end: all('end').find((item) => item.connection === id) ?? null,
      bindings: all('binding').filter((item) => item.connection === id),
      unbindings: all('unbinding').filter((item) => item.connection === id),
      egress: all('egress').filter((item) => item.connection === id),
      egressEnds: all('egress-end'),
    });
  };
  const contacts = (): Contact[] => all('connection').flatMap((item) => contactOf(item.id) ?? []);
  const egressEnd = (egress: EgressRecord): Millis | null => {
    const end = all('egress-end').find(
      (item) =>
        item.local.address === egress.local.address &&
        item.local.port === egress.local.port &&
        item.from === egress.from,
    );
    return end?.to ?? all('end').find((item) => item.connection === egress.connection)?.closed ?? null;
  };

  const reader: RecordReader = {
    async byClient(address, port, window, limit): Promise<Found> {
      const matching = contacts().filter(
        (contact) =>
          contact.client.address === address &&
          (port === null || contact.client.port === null || contact.client.port === port),
      );
      return { ...selectContacts(matching, window, limit), shared: false };
    },
    async byEgress(address: IpAddress, port: Port, window, limit): Promise<Found> {
      const used = all('egress').filter(
        (item) =>
          item.local.address === address &&
          item.local.port === port &&
          overlaps({ from: item.from, to: egressEnd(item) }, window.from, window.to),
      );
      const dedicated = used.flatMap((item) =>
        item.connection === null ? [] : (contactOf(item.connection) ?? []),
      );
      const carriers = used.filter((item) => item.connection === null);
      const carried = contacts().filter(
        (contact) =>
          carriers.some((carrier) => carriedBy(contact, carrier)) &&
          overlaps(contact, window.from, window.to),
      );
      const matching = [
        ...new Map([...dedicated, ...carried].map((contact) => [contact.id, contact])).values(),
      ].sort((a, b) => a.from - b.from || a.id - b.id);
      return { contacts: matching.slice(0, limit), total: matching.length, shared: carriers.length > 0 };
    },
    async bySubject(subject: Subject, window: Window, limit): Promise<Found> {
      const matching = contacts().filter((contact) =>
        contact.bindings.some((item) => item.subject === subject && overlaps(item, window.from, window.to)),
      );
      matching.sort((a, b) => a.from - b.from || a.id - b.id);
      return { contacts: matching.slice(0, limit), total: matching.length, shared: false };
    },
    async byRequest(request: RequestId) {
      const rows = all('request').filter((item) => item.request === request);
      const last = rows.at(-1);
      const contact = last === undefined ? null : contactOf(last.connection);
      return contact === null ? null : assembleRequest(rows, contact);
    },
    async sessionsOf(subject, window, limit): Promise<SessionRecord[]> {
      return all('session')
        .filter((item) => item.subject === subject && item.at >= window.from && item.at <= window.to)
        .slice(0, limit);
    },
    async publicationsOf(subject, window, limit): Promise<PublicationRecord[]> {
      return all('publication')
        .filter((item) => item.subject === subject && item.at >= window.from && item.at <= window.to)
        .slice(0, limit);
    },
    async gaps(source: string, window: Window): Promise<Gap[]> {
      const now = clock();
      return gapsIn(source, window, {
        coverage: all('coverage'),
        lifecycle: all('lifecycle'),
        damaged: [],
        liveUntil: open ? now : null,
        now,
      });
    },
    async retainedFrom() {
      return null;
    },
    async close() {},
  };
  const writer: RecordWriter = {
    firstConnection: (all('connection').reduce((highest, item) => Math.max(highest, item.id), 0) +
      1) as ConnectionId,
    failed: new Promise(() => undefined),
    async append(batch) {
      if (!open) throw new ShudiError('records.unavailable', 'The recorder is closed.');
      items.push(...batch);
    },
    async close() {
      const now = clock();
      open = false;
      const covered = all('coverage').findLast((item) => item.source === GATEWAY_SOURCE)?.to ?? started;
      items.push({ type: 'coverage', source: GATEWAY_SOURCE, from: covered, to: now });
      items.push({ type: 'lifecycle', source: GATEWAY_SOURCE, event: 'stop', at: now });
    },
  };
  return { writer, reader };
}

/** Ends what a run that did not stop has left open, as the contract says. */
function recover(items: RecordItem[]): void {
  const runs = items.filter((item) => item.type === 'lifecycle' && item.source === GATEWAY_SOURCE);
  const last = runs.at(-1);
  if (last === undefined || last.type !== 'lifecycle' || last.event !== 'start') return;
  const ended = new Set(items.flatMap((item) => (item.type === 'end' ? [item.connection] : [])));
  let until = last.at;
  for (const item of items)
    if (item.type === 'coverage' && item.source === GATEWAY_SOURCE && item.to > until) until = item.to;
  for (const item of items.slice()) {
    if (item.type !== 'connection' || ended.has(item.id)) continue;
    let to = item.from;
    for (const mark of items)
      if (mark.type === 'checkpoint' && mark.connection === item.id && mark.to > to) to = mark.to;
    items.push({
      type: 'end',
      connection: item.id,
      to,
      closed: Math.max(to, until) as Millis,
      reason: 'crash',
    });
  }
  items.push({ type: 'lifecycle', source: GATEWAY_SOURCE, event: 'crash', at: until });
}

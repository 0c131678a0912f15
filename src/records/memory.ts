import type { IpAddress, Port } from '../model/address.ts';
import type { Subject } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import {
  GATEWAY_SOURCE,
  LIVE_SOURCE_MS,
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
import { gapsIn, vouchedSince, type CoverageFacts } from './coverage.ts';
import { toldReader } from './memory-told.ts';
import { MergedCoverage, type Voucher } from './merged-coverage.ts';
import { prefix64 } from '../model/prefix.ts';
import { ConnectionNumbers, firstNumber } from './recorder/numbers.ts';

type Of<Type extends RecordItem['type']> = Extract<RecordItem, { type: Type }>;

/** What survives a run of the in-memory engine. */
export interface MemoryStore {
  readonly items: RecordItem[];
}

export interface MemoryRecords {
  readonly writer: RecordWriter;
  readonly reader: RecordReader;
  /** Another writer of the same run. */
  readonly another: () => RecordWriter;
  /** A writer goes without `close`. */
  readonly lose: (writer: RecordWriter) => void;
}

/** A writer and what it has stored. */
interface Member {
  readonly writer: RecordWriter;
  readonly lane: number;
  readonly stored: RecordItem[];
  readonly voucher: Voucher;
  open: boolean;
}

/**
 * The reference engine: a list and plain scans, so that what the contract means can be read off. For tests and for
 * understanding; it forgets everything with the process.
 */
export function openMemoryRecords(store: MemoryStore, clock: Clock): MemoryRecords {
  const { items } = store;
  const all = <Type extends RecordItem['type']>(type: Type): Of<Type>[] =>
    items.filter((item): item is Of<Type> => item.type === type);
  recover(items);
  const started = clock();
  items.push({ type: 'lifecycle', source: GATEWAY_SOURCE, event: 'start', at: started });
  items.push({ type: 'coverage', source: GATEWAY_SOURCE, from: started, to: started });
  const coverage = new MergedCoverage(started);
  const members: Member[] = [];
  const facts = (): Pick<CoverageFacts, 'coverage' | 'lifecycle' | 'losses' | 'damaged'> => ({
    coverage: all('coverage'),
    lifecycle: all('lifecycle'),
    losses: all('gap'),
    damaged: [],
  });
  const isOpen = (): boolean => members.some((member) => member.open);

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
          (contact.client.address === address &&
            (port === null || contact.client.port === null || contact.client.port === port)) ||
          (contact.verdict === 'aggregated' && contact.client.address === prefix64(address)),
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
          carriers.some((carrier) => carriedBy(contact, carrier, egressEnd(carrier))) &&
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
        ...facts(),
        liveUntil: isOpen() ? now : null,
        liveWithinMs: source === GATEWAY_SOURCE ? null : LIVE_SOURCE_MS,
        now,
      });
    },
    ...toldReader(items, (source, at) =>
      vouchedSince(source, at, { ...facts(), liveUntil: null, liveWithinMs: null, now: at }),
    ),
    async retainedFrom() {
      return null;
    },
    async close() {},
  };

  const make = (): RecordWriter => {
    const lane = members.filter((member) => member.open).length;
    const highest = all('connection').reduce((most, item) => Math.max(most, item.id), 0);
    const numbers = new ConnectionNumbers(lane, firstNumber(highest, clock(), lane));
    const writer: RecordWriter = {
      get epoch() {
        return member.open ? 1 : 0;
      },
      nextConnection: (at) => numbers.next(at),
      async append(batch) {
        if (!member.open) throw new ShudiError('records.unavailable', 'The recorder is closed.');
        for (const item of batch) {
          if (item.type === 'coverage' && item.source === GATEWAY_SOURCE)
            coverage.vouch(member.voucher, item.to, clock());
          else items.push(item);
          member.stored.push(item);
        }
        items.push(...coverage.advance(clock()));
      },
      async close() {
        if (!member.open) return;
        member.open = false;
        coverage.leave(member.voucher);
        items.push(...coverage.advance(clock()));
        if (!isOpen()) items.push({ type: 'lifecycle', source: GATEWAY_SOURCE, event: 'stop', at: clock() });
      },
    };
    const member: Member = { writer, lane, stored: [], voucher: coverage.join(clock()), open: true };
    members.push(member);
    return writer;
  };

  return {
    writer: make(),
    reader,
    another: make,
    lose(writer) {
      const member = members.find((item) => item.writer === writer);
      if (member === undefined || !member.open) return;
      const now = clock();
      member.open = false;
      items.push(...endsOf(member.stored, items, now));
      const from = coverage.lose(member.voucher, now);
      items.push(
        ...coverage.advance(now),
        { type: 'lifecycle', source: GATEWAY_SOURCE, event: 'crash', at: from },
        { type: 'lifecycle', source: GATEWAY_SOURCE, event: 'start', at: now },
        coverage.mark(now),
      );
    },
  };
}

/** The ends of what `stored` has left open, each connection at its last checkpoint. */
function endsOf(stored: readonly RecordItem[], all: readonly RecordItem[], closed: Millis): RecordItem[] {
  const ended = new Set(all.flatMap((item) => (item.type === 'end' ? [item.connection] : [])));
  const shut = new Set(all.flatMap((item) => (item.type === 'egress-end' ? [endpointKey(item)] : [])));
  const ends: RecordItem[] = [];
  for (const item of stored) {
    if (item.type === 'connection' && !ended.has(item.id)) {
      let to = item.from;
      for (const mark of all)
        if (mark.type === 'checkpoint' && mark.connection === item.id && mark.to > to) to = mark.to;
      ends.push({
        type: 'end',
        connection: item.id,
        to,
        closed: Math.max(to, closed) as Millis,
        reason: 'crash',
      });
    } else if (item.type === 'egress' && item.connection === null && !shut.has(endpointKey(item))) {
      const to = Math.max(item.from, closed) as Millis;
      ends.push({ type: 'egress-end', connection: null, local: item.local, from: item.from, to });
    }
  }
  return ends;
}

const endpointKey = ({ local, from }: EgressRecord | Of<'egress-end'>): string =>
  `${local.address} ${local.port} ${from}`;

/** Ends what a run that did not stop has left open, as the contract says. */
function recover(items: RecordItem[]): void {
  const runs = items.filter((item) => item.type === 'lifecycle' && item.source === GATEWAY_SOURCE);
  const last = runs.at(-1);
  if (last === undefined || last.type !== 'lifecycle' || last.event !== 'start') return;
  let until = last.at;
  for (const item of items)
    if (item.type === 'coverage' && item.source === GATEWAY_SOURCE && item.to > until) until = item.to;
  items.push(...endsOf(items.slice(), items, until));
  items.push({ type: 'lifecycle', source: GATEWAY_SOURCE, event: 'crash', at: until });
}

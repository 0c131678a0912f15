import type { IpAddress, Port } from '../../src/model/address.ts';
import type { Subject } from '../../src/model/accounts.ts';
import type { RecordItem } from '../../src/model/records.ts';
import type { Millis } from '../../src/model/time.ts';
import type { LeaseRecord, MessageId, TranslationRecord } from '../../src/model/translations.ts';
import { endpoint, plus } from './items.ts';

export const PUBLIC = '203.0.113.9' as IpAddress;
export const INSIDE = '10.0.0.5' as IpAddress;
export const OTHER = '10.0.0.6' as IpAddress;
export const ANNA = 'aaaaaaaaaaaaaaaa' as Subject;
export const BERT = 'bbbbbbbbbbbbbbbb' as Subject;
export const DAY = 86_400_000;

let numbers = 0;

export interface Told extends Partial<Omit<TranslationRecord, 'inside' | 'outside'>> {
  readonly inside?: readonly [string, number | null];
  readonly outside?: readonly [low: number | null, high?: number | null, step?: number] | null;
  readonly dialect?: string;
  readonly digest?: string;
}

/** An event together with its message. */
export function told(
  event: TranslationRecord['event'],
  time: Millis,
  { inside = [INSIDE, 1000], outside = [4000], dialect = 'ipfix:rfc8158', digest, ...rest }: Told = {},
): RecordItem[] {
  numbers += 1;
  const message = numbers as MessageId;
  const source = rest.source ?? 'nat';
  const [low = null, high = low, step = 1] = outside ?? [];
  return [
    // It lies on the day of what it tells: of a flow on that of its end.
    messageOf(
      message,
      source,
      dialect,
      digest ?? `digest-${message}`,
      event === 'flow' ? plus(time, 1000) : time,
    ),
    {
      type: 'translation',
      message,
      place: 0,
      source,
      event,
      realm: '',
      protocol: 6,
      inside: endpoint(inside[0], inside[1]),
      outside:
        outside === null
          ? null
          : { address: PUBLIC, low: low as Port | null, high: high as Port | null, step },
      remote: null,
      flow: null,
      at: time,
      until: event === 'flow' ? plus(time, 1000) : null,
      ...rest,
    },
  ];
}

export const messageOf = (
  id: MessageId,
  source: string,
  dialect: string,
  digest: string,
  time: Millis,
): RecordItem => ({
  type: 'message',
  id,
  source,
  dialect,
  digest,
  at: time,
  received: plus(time, 20),
  offsetMs: 0,
  clockErrorMs: 40,
});

export function lease(
  event: LeaseRecord['event'],
  time: Millis,
  changes: Partial<LeaseRecord> = {},
): RecordItem[] {
  numbers += 1;
  const message = numbers as MessageId;
  return [
    messageOf(message, 'aaa', 'radius', `digest-${message}`, time),
    {
      type: 'lease',
      message,
      place: 0,
      source: 'aaa',
      event,
      session: 's1',
      server: 'bras',
      realm: '',
      address: INSIDE,
      bits: 32,
      subject: ANNA,
      line: null,
      at: time,
      ...changes,
    },
  ];
}

export const covered = (source: string, from: Millis, to: Millis): RecordItem => ({
  type: 'coverage',
  source,
  from,
  to,
});
export const restart = (time: Millis, server = '', source = 'nat'): RecordItem => ({
  type: 'restart',
  source,
  server,
  at: time,
});

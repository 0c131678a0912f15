import type { Subject } from '../../src/model/accounts.ts';
import type { IpAddress, Port } from '../../src/model/address.ts';
import type { RecordItem } from '../../src/model/records.ts';
import type { Millis } from '../../src/model/time.ts';
import type { LeaseRecord, MessageId, TranslationRecord } from '../../src/model/translations.ts';
import { endpoint } from '../records/items.ts';

let numbers = 0;

export function messageOf(
  source: string,
  dialect: string,
  time: Millis,
): { id: MessageId; item: RecordItem } {
  numbers += 1;
  const id = numbers as MessageId;
  const digest = `digest-${numbers}`;
  return {
    id,
    item: {
      type: 'message',
      id,
      source,
      dialect,
      digest,
      at: time,
      received: time,
      offsetMs: 0,
      clockErrorMs: 100,
    },
  };
}

export interface Told extends Partial<Omit<TranslationRecord, 'inside' | 'outside'>> {
  readonly dialect?: string;
}

export function told(
  inside: readonly [string, number | null],
  outside: readonly [string, number | null, number?],
  time: Millis,
  { dialect = 'ipfix:rfc8158', ...rest }: Told = {},
): RecordItem[] {
  const { id, item } = messageOf(rest.source ?? 'nat', dialect, time);
  const [address, low, high = low] = outside;
  return [
    item,
    {
      type: 'translation',
      message: id,
      place: 0,
      source: 'nat',
      event: 'create',
      realm: '',
      protocol: 6,
      inside: endpoint(inside[0], inside[1]),
      outside: {
        address: address as IpAddress,
        low: low as Port | null,
        high: high as Port | null,
        step: 1,
      },
      remote: null,
      flow: null,
      at: time,
      until: null,
      ...rest,
    },
  ];
}

export function lease(
  address: string,
  subject: Subject,
  time: Millis,
  changes: Partial<LeaseRecord> = {},
): RecordItem[] {
  const { id, item } = messageOf('aaa', 'radius', time);
  return [
    item,
    {
      type: 'lease',
      message: id,
      place: 0,
      source: 'aaa',
      event: 'start',
      session: `session of ${address} ${subject}`,
      server: 'bras',
      realm: '',
      address: address as IpAddress,
      bits: 32,
      subject,
      line: null,
      at: time,
      ...changes,
    },
  ];
}

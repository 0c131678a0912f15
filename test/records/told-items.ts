import type { IpAddress, Port } from '../../src/model/address.ts';
import type { Subject } from '../../src/model/accounts.ts';
import type { RecordItem } from '../../src/model/records.ts';
import type { Millis } from '../../src/model/time.ts';
import type { MessageId, TranslationRecord } from '../../src/model/translations.ts';
import { endpoint, plus } from './items.ts';

/** One item of everything that a source tells, and rows for each of its tables. */
export function oneOfEach(source: string, time: Millis): RecordItem[] {
  const message = 7 as MessageId;
  const translation = (
    event: TranslationRecord['event'],
    place: number,
    high: number,
    until: Millis | null,
  ): RecordItem => ({
    type: 'translation',
    message,
    place,
    source,
    event,
    realm: 'vrf:1',
    protocol: 6,
    inside: endpoint('10.0.0.5', 1000),
    outside: { address: '203.0.113.9' as IpAddress, low: 4000 as Port, high: high as Port, step: 1 },
    remote: endpoint('192.0.2.1', 443),
    flow: 9,
    at: time,
    until,
  });
  return [
    {
      type: 'message',
      id: message,
      source,
      dialect: 'ipfix:rfc8158',
      digest: 'ab'.repeat(32),
      at: time,
      received: plus(time, 20),
      offsetMs: 5,
      clockErrorMs: 40,
    },
    translation('create', 0, 4000, null),
    translation('create', 1, 4063, null),
    translation('flow', 2, 4000, plus(time, 1000)),
    {
      type: 'lease',
      message,
      place: 0,
      source,
      event: 'start',
      session: '0011223344556677',
      server: 'bras',
      realm: '',
      address: '10.0.0.5' as IpAddress,
      bits: 32,
      subject: 'aaaaaaaaaaaaaaaa' as Subject,
      line: 'bbbbbbbbbbbbbbbb' as Subject,
      at: time,
    },
    { type: 'restart', source, server: 'bras', at: time },
    { type: 'gap', source, from: time, to: plus(time, 10), reason: 'lost', count: 3 },
    {
      type: 'import',
      source,
      file: 'cd'.repeat(32),
      options: 'ef'.repeat(8),
      messages: 3,
      done: true,
      at: time,
    },
  ];
}

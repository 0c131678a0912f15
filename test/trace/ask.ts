import type { Subject } from '../../src/model/accounts.ts';
import type { RecordItem } from '../../src/model/records.ts';
import { formatTime, type Millis } from '../../src/model/time.ts';
import { openMemoryRecords } from '../../src/records/memory.ts';
import { presentTrace } from '../../src/trace/present.ts';
import { parseQuestion } from '../../src/trace/question.ts';
import { createTracer } from '../../src/trace/tracer.ts';
import { binding, connection, egress, endpoint, NOON, plus } from '../records/items.ts';

export const PUBLIC = '113.66.1.1';
export const ANNA = 'aaaaaaaaaaaaaaaa';
export const SUBSCRIBER = 'cccccccccccccccc' as Subject;
export const OTHER = 'dddddddddddddddd' as Subject;
export const OWN = endpoint('192.0.2.1', 443);

export const contact = (number: number, port: number, account: string | null = ANNA): RecordItem[] => [
  connection(number, NOON, { client: endpoint(PUBLIC, port), peer: endpoint(PUBLIC, port), clockErrorMs: 5 }),
  egress(number, 50_000 + number, NOON),
  ...(account === null ? [] : [binding(number, account, NOON)]),
];
export const covered = (...sources: string[]): RecordItem[] =>
  sources.map((source) => ({
    type: 'coverage',
    source,
    from: plus(NOON, -600_000),
    to: plus(NOON, 3_600_000),
  }));

/** Asks five seconds after noon, an hour later. */
export async function over(...items: RecordItem[][]) {
  let now: Millis = plus(NOON, -600_000);
  const { writer, reader } = openMemoryRecords({ items: [] }, () => now);
  await writer.append([...covered('nat', 'aaa', 'cpe'), ...items.flat()]);
  now = plus(NOON, 3_600_000);
  const tracer = createTracer({
    records: reader,
    assumedClockErrorMs: 1000,
    isUnshared: () => false,
    subjectsOf: async (_site, account) => (account === 'subscriber' ? [SUBSCRIBER] : []),
  });
  return async (raw: Record<string, string>, ms = 5000) => {
    const trace = await tracer.trace(
      parseQuestion(
        'requestId' in raw || 'account' in raw ? raw : { at: formatTime(plus(NOON, ms)), ...raw },
      ),
    );
    const names = { [ANNA]: 'anna', [SUBSCRIBER]: 'subscriber', [OTHER]: 'other' } as Record<string, string>;
    const shown = presentTrace(trace, (subject) => names[subject] ?? '?');
    return shown as unknown as {
      grade: string;
      subjectGrade: string;
      reasons: string[];
      candidates: {
        subject: string | null;
        from: string;
        to: string | null;
        clockErrorMs: number;
        clockMeasured: boolean;
        hops: {
          kind: string;
          outside: { address: string; portLow: number | null; portHigh: number | null };
          inside: { address: string; port: number | null };
          source: string;
          subject?: string | null;
        }[];
      }[];
    };
  };
}

export const outside = (port: number) => ({ outside: PUBLIC, port: String(port) });

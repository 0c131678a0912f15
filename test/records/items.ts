import type { Site, Subject } from '../../src/model/accounts.ts';
import type { IpAddress, Port } from '../../src/model/address.ts';
import {
  GATEWAY_SOURCE,
  type BindingRecord,
  type ConnectionId,
  type ConnectionRecord,
  type EgressRecord,
} from '../../src/model/records.ts';
import type { Millis } from '../../src/model/time.ts';

/** Records as tests store them; each differs from its like only by what it is given. */
export const at = (text: string): Millis => Date.parse(text) as Millis;
export const NOON = at('2026-11-20T12:00:00.000Z');
export const plus = (time: Millis, ms: number): Millis => (time + ms) as Millis;
export const endpoint = (address: string, port: number | null) => ({
  address: address as IpAddress,
  port: port as Port | null,
});
export const id = (value: number) => value as ConnectionId;

export function connection(
  number: number,
  from: Millis,
  changes: Partial<ConnectionRecord> = {},
): ConnectionRecord {
  return {
    type: 'connection',
    id: id(number),
    listener: 'public',
    peer: endpoint('113.66.1.1', 40_001),
    client: endpoint('113.66.1.1', 40_001),
    verdict: 'direct',
    chain: '',
    own: endpoint('192.0.2.1', 443),
    from,
    clockErrorMs: null,
    ...changes,
  };
}

export function egress(
  number: number | null,
  port: number,
  from: Millis,
  peer: EgressRecord['peer'] = endpoint('113.66.1.1', 40_001),
): EgressRecord {
  return {
    type: 'egress',
    connection: number === null ? null : id(number),
    local: endpoint('10.0.0.1', port),
    remote: endpoint('10.0.0.9', 3000),
    listener: peer === null ? null : 'public',
    peer,
    from,
  };
}

export function binding(number: number, subject: string, from: Millis): BindingRecord {
  return {
    type: 'binding',
    connection: id(number),
    site: 'forum' as Site,
    subject: subject as Subject,
    learned: 'header',
    from,
    sessionSince: from,
  };
}

export const end = (number: number, to: Millis, closed = to) =>
  ({ type: 'end', connection: id(number), to, closed, reason: 'closed' }) as const;
export const covered = (from: Millis, to: Millis) =>
  ({ type: 'coverage', source: GATEWAY_SOURCE, from, to }) as const;
export const around = (time: Millis, ms = 0) => ({ from: plus(time, -ms), to: plus(time, ms) });

import { canonicalAccount, type AccountId, type Site } from '../model/accounts.ts';
import { parseAddress, parsePort, type Endpoint, type IpAddress, type Port } from '../model/address.ts';
import { ShudiError } from '../model/errors.ts';
import { canonicalRequestId, type RequestId } from '../model/records.ts';
import { durationMillis, formatTime, parseTime, type Millis } from '../model/time.ts';
import type { Json } from '../model/journal.ts';

/** An endpoint and a time: who used it? `inside` and `outside` differ once a NAT lies between (collectors). */
export interface EndpointQuestion {
  readonly kind: 'outside' | 'inside' | 'egress';
  readonly address: IpAddress;
  readonly port: Port | null;
  readonly proto: 'tcp' | 'udp' | null;
  /** One of the operator's own endpoints, where it separates candidates. */
  readonly remote: Endpoint | null;
  readonly at: Millis;
  readonly toleranceMs: number;
}

export interface RequestQuestion {
  readonly kind: 'request';
  readonly requestId: RequestId;
}

/** Which endpoints did an account use? It names a person, so only a disclosure may ask it. */
export interface AccountQuestion {
  readonly kind: 'account';
  readonly site: Site;
  readonly account: AccountId;
  readonly from: Millis;
  readonly to: Millis;
}

export type Question = EndpointQuestion | RequestQuestion | AccountQuestion;

/** A question as it arrives, from a command line or as JSON; all values are text. */
export type RawQuestion = { readonly [key: string]: unknown };

const FIELDS = [
  'outside',
  'inside',
  'egress',
  'requestId',
  'account',
  'site',
  'port',
  'proto',
  'remote',
  'at',
  'from',
  'to',
  'tolerance',
];
const MAX_TOLERANCE_MS = 3_600_000;
const MAX_PERIOD_MS = 366 * 86_400_000;

/**
 * Parses a question; unknown and contradicting fields are refused, never ignored.
 * @throws ShudiError question.invalid | address.invalid | port.invalid | time.invalid | time.no-offset
 */
export function parseQuestion(raw: RawQuestion): Question {
  for (const key of Object.keys(raw))
    if (!FIELDS.includes(key))
      throw new ShudiError('question.invalid', 'A question has no such field.', key.slice(0, 40));
  const kinds = ['outside', 'inside', 'egress', 'requestId', 'account'].filter(
    (key) => raw[key] !== undefined,
  );
  if (kinds.length !== 1)
    throw new ShudiError(
      'question.invalid',
      'Name exactly one of outside, inside, egress, requestId and account.',
    );
  const [kind] = kinds;
  if (kind === 'requestId') return requestQuestion(raw);
  if (kind === 'account') return accountQuestion(raw);
  return endpointQuestion(raw, kind as EndpointQuestion['kind']);
}

function textOf(raw: RawQuestion, key: string): string {
  const value = raw[key];
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string' || value.length > 200)
    throw new ShudiError('question.invalid', 'This field must be a text.', key);
  return value;
}

function only(raw: RawQuestion, allowed: readonly string[]): void {
  for (const key of Object.keys(raw)) {
    if (raw[key] !== undefined && !allowed.includes(key))
      throw new ShudiError('question.invalid', 'This field does not go with this kind of question.', key);
  }
}

function requestQuestion(raw: RawQuestion): RequestQuestion {
  only(raw, ['requestId']);
  const requestId = canonicalRequestId(textOf(raw, 'requestId'));
  if (requestId === null)
    throw new ShudiError('question.invalid', 'This is not a request id of the gateway.', 'requestId');
  return { kind: 'request', requestId };
}

function accountQuestion(raw: RawQuestion): AccountQuestion {
  only(raw, ['account', 'site', 'from', 'to']);
  const account = canonicalAccount(textOf(raw, 'account'));
  if (account === null) throw new ShudiError('question.invalid', 'This is not an account id.', 'account');
  const from = parseTime(textOf(raw, 'from'), 'from');
  const to = parseTime(textOf(raw, 'to'), 'to');
  if (to < from) throw new ShudiError('question.invalid', 'The period ends before it begins.', 'to');
  if (to - from > MAX_PERIOD_MS)
    throw new ShudiError('question.invalid', 'The period is longer than 366 days.', 'to');
  return { kind: 'account', site: textOf(raw, 'site') as Site, account, from, to };
}

function endpointQuestion(raw: RawQuestion, kind: EndpointQuestion['kind']): EndpointQuestion {
  only(raw, [kind, 'port', 'proto', 'remote', 'at', 'tolerance']);
  if (raw['at'] === undefined) throw new ShudiError('question.invalid', 'A question needs a time.', 'at');
  const port = raw['port'] === undefined ? null : parsePort(textOf(raw, 'port'), 'port');
  if (kind === 'egress' && port === null)
    throw new ShudiError('question.invalid', 'A gateway-side endpoint needs its port.', 'port');
  return {
    kind,
    address: parseAddress(textOf(raw, kind), kind),
    port,
    proto: raw['proto'] === undefined ? null : protoOf(textOf(raw, 'proto')),
    remote: raw['remote'] === undefined ? null : parseEndpoint(textOf(raw, 'remote'), 'remote'),
    at: parseTime(textOf(raw, 'at'), 'at'),
    toleranceMs: raw['tolerance'] === undefined ? 0 : toleranceOf(textOf(raw, 'tolerance')),
  };
}

function protoOf(text: string): 'tcp' | 'udp' {
  if (text !== 'tcp' && text !== 'udp')
    throw new ShudiError('question.invalid', 'The protocol is tcp or udp.', 'proto');
  return text;
}

function toleranceOf(text: string): number {
  const value = durationMillis(text);
  if (value === null || value > MAX_TOLERANCE_MS)
    throw new ShudiError(
      'question.invalid',
      'A tolerance is written like 2s or 500ms, at most 1h.',
      'tolerance',
    );
  return value;
}

/** `1.2.3.4:80` or `[2001:db8::1]:80`; the port is needed. */
export function parseEndpoint(text: string, where: string): Endpoint {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  if (match === null)
    throw new ShudiError('question.invalid', 'An endpoint is written 1.2.3.4:80 or [2001:db8::1]:80.', where);
  return { address: parseAddress(match[1] ?? match[2] ?? '', where), port: parsePort(match[3] ?? '', where) };
}

/** What every form of a question has in common: addresses canonical, times in UTC; without its remote and tolerance. */
export function questionFields(question: Question): { readonly [key: string]: string | number } {
  switch (question.kind) {
    case 'request':
      return { requestId: question.requestId };
    case 'account':
      return {
        site: question.site,
        account: question.account,
        from: formatTime(question.from),
        to: formatTime(question.to),
      };
    case 'outside':
    case 'inside':
    case 'egress':
      return {
        [question.kind]: question.address,
        ...(question.port === null ? {} : { port: question.port }),
        ...(question.proto === null ? {} : { proto: question.proto }),
        at: formatTime(question.at),
      };
  }
}

/** The question as it was understood: what an answer and the journal show. */
export function questionJson(question: Question): { readonly [key: string]: Json } {
  const fields = questionFields(question);
  if (question.kind === 'request' || question.kind === 'account') return fields;
  const { remote, toleranceMs } = question;
  return {
    ...fields,
    ...(remote === null ? {} : { remote: { address: remote.address, port: remote.port } }),
    toleranceMs,
  };
}

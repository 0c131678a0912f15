import type { Subject } from '../model/accounts.ts';
import type { Endpoint } from '../model/address.ts';
import type { Json } from '../model/journal.ts';
import { GATEWAY_SOURCE, type Contact, type StoredEgress } from '../model/records.ts';
import { formatTime, type Interval, type Millis } from '../model/time.ts';
import type { Lease, Remote, Translation } from '../model/translations.ts';
import type { TracedCandidate } from './candidates.ts';
import type { Question } from './question.ts';

type Handle = (subject: Subject) => string;

export const timeOrNull = (time: Millis | null): string | null => (time === null ? null : formatTime(time));

const endpointJson = ({ address, port }: Endpoint): { [key: string]: Json } => ({ address, port });
const times = ({ from, to }: Interval): { [key: string]: Json } => ({
  from: formatTime(from),
  to: timeOrNull(to),
});

/** The hops of a candidate, from the outside to the inside, each with its own evidence, interval and clock error. */
export function hopsOf(
  question: Question,
  candidate: TracedCandidate,
  handle: Handle,
): { [key: string]: Json }[] {
  const { contact, translations, lease, inside } = candidate;
  return [
    ...(contact === null ? [] : [contactHop(question, contact, candidate, handle)]),
    ...translations.map((item) => translationHop(item)),
    ...(lease === null ? [] : [leaseHop(lease, inside, handle)]),
  ];
}

/** What was asked about, and the client endpoint behind it. */
function contactHop(
  question: Question,
  contact: Contact,
  { binding }: TracedCandidate,
  handle: Handle,
): { [key: string]: Json } {
  const outside: Endpoint =
    question.kind === 'egress' ? { address: question.address, port: question.port } : contact.client;
  return {
    kind: 'contact',
    outside: { address: outside.address, portLow: outside.port, portHigh: outside.port },
    inside: endpointJson(contact.client),
    source: GATEWAY_SOURCE,
    ...times(contact),
    clockErrorMs: contact.clockErrorMs,
    subject: binding === null ? null : handle(binding.subject),
    endReason: contact.endReason,
    listener: contact.listener,
    verdict: contact.verdict,
    peer: endpointJson(contact.peer),
    claimedChain: contact.chain,
    own: endpointJson(contact.own),
    egress: contact.egress.map(egressJson),
  };
}

const egressJson = (egress: StoredEgress): { [key: string]: Json } => ({
  local: endpointJson(egress.local),
  remote: endpointJson(egress.remote),
  ...times(egress),
});

function translationHop(item: Translation): { [key: string]: Json } {
  const { outside } = item;
  return {
    kind: 'translation',
    outside: {
      address: outside.address,
      portLow: outside.low,
      portHigh: outside.high,
      ...(outside.step > 1 ? { portStep: outside.step } : {}),
    },
    inside: endpointJson(item.inside),
    source: item.source,
    ...times(item),
    clockErrorMs: item.clockErrorMs,
    protocol: item.protocol,
    realm: item.realm,
    remote: remoteJson(item.remote),
    dialect: item.dialect,
    ...beginning(item),
    ended: item.ended,
    digests: item.digests,
  };
}

/** `surelyFrom` where it is later than `from`: in between it may have been there. */
const beginning = ({ began, from, surelyFrom }: Translation | Lease): { [key: string]: Json } => ({
  began,
  ...(surelyFrom > from ? { surelyFrom: formatTime(surelyFrom) } : {}),
});

const remoteJson = (remote: Remote): Json =>
  remote === null || remote === 'elsewhere' ? remote : endpointJson(remote);

function leaseHop(lease: Lease, inside: Endpoint, handle: Handle): { [key: string]: Json } {
  return {
    kind: 'lease',
    outside: { address: lease.address, portLow: null, portHigh: null },
    inside: endpointJson(inside),
    prefix: `${lease.address}/${lease.bits}`,
    source: lease.source,
    ...times(lease),
    clockErrorMs: lease.clockErrorMs,
    subject: lease.subject === null ? null : handle(lease.subject),
    line: lease.line === null ? null : handle(lease.line),
    server: lease.server,
    realm: lease.realm,
    ...beginning(lease),
    ended: lease.ended,
    digests: lease.digests,
  };
}

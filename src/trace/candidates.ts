import type { Subject } from '../model/accounts.ts';
import type { Endpoint } from '../model/address.ts';
import { GATEWAY_SOURCE, type Contact, type StoredBinding, type Window } from '../model/records.ts';
import { overlaps, type Interval, type Millis } from '../model/time.ts';
import type { Lease, Translation } from '../model/translations.ts';
import { widened, type Chain, type ChainOptions } from './chain.ts';
import type { Candidate, Link } from './grade.ts';

/** A contact near the asked time, and whom it names there. */
export interface NearContact {
  readonly contact: Contact;
  /** When it answers the question: for a gateway-side endpoint, while that endpoint was its own. */
  readonly interval: Interval;
  readonly bindings: readonly StoredBinding[];
}

/** One way from the outside to the inside that answers the question. */
export interface Found {
  readonly near: NearContact | null;
  readonly translations: readonly Translation[];
  readonly lease: Lease | null;
  /** The innermost endpoint. */
  readonly inside: Endpoint;
  /** Whether the port by which it was found was recorded. */
  readonly portRecorded: boolean;
}

/** A found way as one line of an answer, with the binding (if any) that makes it this one. */
export interface TracedCandidate {
  readonly contact: Contact | null;
  readonly binding: StoredBinding | null;
  readonly translations: readonly Translation[];
  readonly lease: Lease | null;
  readonly inside: Endpoint;
  readonly clockErrorMs: number;
  readonly clockMeasured: boolean;
}

/** Whom a candidate names: the account, the subscriber and the line are one, two or three persons. */
export function subjectsOf({ binding, lease }: Pick<TracedCandidate, 'binding' | 'lease'>): Subject[] {
  return [binding?.subject, lease?.subject, lease?.line].filter(
    (subject): subject is Subject => typeof subject === 'string',
  );
}

/** Whom an answer is about in the first place: the account, else the subscriber. */
export const firstSubject = (candidate: Pick<TracedCandidate, 'binding' | 'lease'>): Subject | null =>
  subjectsOf(candidate)[0] ?? null;

/** What the grading needs of a found way. */
export function gradedOf(options: ChainOptions, asked: Window, found: Found): Candidate {
  const { near, translations, lease } = found;
  const linkOf = (source: string, interval: Interval, error: number | null): Link => ({
    source,
    interval,
    window: widened(options, error, asked),
  });
  const subject = lease?.subject ?? lease?.line ?? null;
  return {
    endpoint: found.inside,
    realm: translations.at(-1)?.realm ?? lease?.realm ?? '',
    portRecorded: found.portRecorded,
    links: [
      ...(near === null ? [] : [linkOf(GATEWAY_SOURCE, near.interval, near.contact.clockErrorMs)]),
      ...translations.map((item) => linkOf(item.source, known(item), item.clockErrorMs)),
    ],
    verdict: near?.contact.verdict ?? null,
    accounts: near?.bindings.map((binding) => binding.subject) ?? [],
    subscriber:
      lease === null || subject === null
        ? null
        : { subject, link: linkOf(lease.source, known(lease), lease.clockErrorMs) },
  };
}

/**
 * When it surely was there. An end that was only concluded says nothing of what was lost before it, and where a
 * beginning may have been lost it may be any time up to when it must have been there.
 */
const known = ({ surelyFrom, to, ended }: Translation | Lease): Interval => ({
  from: surelyFrom,
  to: ended === 'told' ? to : null,
});

/** The lines of an answer that a found way makes: one for each account on its contact. */
export function tracedOf(
  options: ChainOptions,
  { near, translations, lease, inside }: Found,
): TracedCandidate[] {
  const errors = [
    ...(near === null ? [] : [near.contact.clockErrorMs]),
    ...translations.map((item) => item.clockErrorMs),
    ...(lease === null ? [] : [lease.clockErrorMs]),
  ];
  const common = {
    contact: near?.contact ?? null,
    translations,
    lease,
    inside,
    clockErrorMs: Math.max(...errors.map((error) => error ?? options.assumedClockErrorMs)),
    clockMeasured: errors.every((error) => error !== null),
  };
  if (near === null || near.bindings.length === 0) return [{ ...common, binding: null }];
  return near.bindings.map((binding) => ({ ...common, binding }));
}

/**
 * Joins contacts with the ways inwards from their client endpoint. A way belongs to a contact when both overlap; where
 * some ways are told to lead to the very service that the contact was with, the others do not belong to it.
 * @returns the joined ones, and the ways that belong to no contact
 */
export function joinContacts(
  options: ChainOptions,
  contacts: readonly NearContact[],
  chains: readonly Chain[],
): Found[] {
  const used = new Set<Chain>();
  const joined = contacts.flatMap((near): Found[] => {
    const portRecorded = near.contact.client.port !== null;
    const possible = chains.filter(
      (chain) =>
        isOfTcp(chain) && overlapInTime(options, near, chain) && !isElsewhere(chain, near.contact.own),
    );
    const certain = possible.filter(({ translations }) => isTowards(translations[0], near.contact.own));
    const own = certain.length > 0 ? certain : possible;
    for (const chain of own) used.add(chain);
    if (own.length === 0)
      return [{ near, translations: [], lease: null, inside: near.contact.client, portRecorded }];
    return own.map((chain) => ({
      ...chain,
      near,
      portRecorded: portRecorded && hasPorts(chain.translations),
    }));
  });
  const alone = chains
    .filter((chain) => !used.has(chain))
    .map((chain): Found => ({ ...chain, near: null, portRecorded: hasPorts(chain.translations) }));
  return [...joined, ...alone];
}

export const hasPorts = (translations: readonly Translation[]): boolean =>
  translations.every(({ outside }) => outside.low !== null);

const TCP = 6;
const isOfTcp = ({ translations }: Chain): boolean =>
  translations.every(({ protocol }) => protocol === null || protocol === TCP);

export const isTowards = (translation: Translation | undefined, { address, port }: Endpoint): boolean =>
  translation !== undefined &&
  translation.remote !== null &&
  translation.remote !== 'elsewhere' &&
  translation.remote.address === address &&
  translation.remote.port === port;

/**
 * Whether a way is told to lead to another service than the contact's. Where the gateway's own address is a private one it
 * stands behind something that changes destinations, and cannot be compared.
 */
function isElsewhere({ translations }: Chain, own: Endpoint): boolean {
  const remote = translations[0]?.remote ?? null;
  if (remote === null || remote === 'elsewhere' || PRIVATE.test(own.address)) return false;
  return !isTowards(translations[0], own);
}

/** RFC 1918, RFC 6598, loopback, link-local, unique local. */
const PRIVATE =
  /^(?:10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.|^(?:f[cd]|fe[89ab]|::1$)/;

function overlapInTime(options: ChainOptions, { contact }: NearContact, chain: Chain): boolean {
  const outermost = chain.translations[0] ?? chain.lease;
  if (outermost === null) return true;
  const error =
    (contact.clockErrorMs ?? options.assumedClockErrorMs) +
    (outermost.clockErrorMs ?? options.assumedClockErrorMs);
  return overlaps(
    outermost,
    (contact.from - error) as Millis,
    (contact.to === null ? Infinity : contact.to + error) as Millis,
  );
}

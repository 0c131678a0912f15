import type { Endpoint } from '../model/address.ts';
import type { Contact, Found as FoundContacts, Window } from '../model/records.ts';
import { overlaps, type Interval } from '../model/time.ts';
import type { Lease, Translation } from '../model/translations.ts';
import { hasPorts, isTowards, joinContacts, type Found, type NearContact } from './candidates.ts';
import { chainsInward, chainsOutward, leasesAt, widened, widest, type Chain } from './chain.ts';
import type { EndpointQuestion } from './question.ts';
import { askedWindow, type Findings, type TracerOptions } from './findings.ts';

const FETCH_LIMIT = 5000;
/** Client endpoints of which the ways inwards are looked for. */
const MOST_ENDPOINTS = 100;

const NUMBER = { tcp: 6, udp: 17 } as const;
const protocolOf = ({ proto }: EndpointQuestion): number | null => (proto === null ? null : NUMBER[proto]);

/** Who used an endpoint at a time? Contacts of the gateway, joined with what sources told of the way inwards. */
export async function endpointTrace(options: TracerOptions, question: EndpointQuestion): Promise<Findings> {
  const asked = askedWindow(question);
  const findings =
    question.kind === 'inside'
      ? await fromInside(options, question, asked)
      : await fromOutside(options, question, asked);
  return {
    asked,
    ...findings,
    found: withRemote(question.remote, findings.found),
    portMissing: question.port === null,
    unshared: options.isUnshared(question.address),
  };
}

type Ways = Pick<Findings, 'found' | 'cut' | 'shared'>;

async function fromOutside(options: TracerOptions, question: EndpointQuestion, asked: Window): Promise<Ways> {
  const { near: all, cut, shared } = await nearContacts(options, question, asked);
  const { remote } = question;
  const near = remote === null ? all : all.filter(({ contact }) => isSame(contact.own, remote));
  if (question.kind === 'egress') {
    const ways = await waysOf(options, near, asked);
    return { found: ways.found, cut: cut + ways.cut, shared };
  }
  const inward = await chainsInward(options, question, protocolOf(question), asked);
  return { found: joinContacts(options, near, inward.chains), cut: cut + inward.cut, shared };
}

/** Contacts that were found by something else than their client endpoint, each with the ways inwards from that. */
export async function waysOf(
  options: TracerOptions,
  near: readonly NearContact[],
  asked: Window,
): Promise<{ readonly found: readonly Found[]; readonly cut: number }> {
  const TCP = NUMBER.tcp;
  const found: Found[] = [];
  let cut = 0;
  const byClient = Map.groupBy(near, ({ contact: { client } }) => `${client.address} ${client.port ?? ''}`);
  for (const [index, contacts] of [...byClient.values()].entries()) {
    const [first] = contacts;
    if (first === undefined) continue;
    const inward =
      index < MOST_ENDPOINTS
        ? await chainsInward(options, first.contact.client, TCP, asked)
        : { chains: [], cut: 1 };
    cut += inward.cut;
    // A way that belongs to no contact does not answer a question about one.
    found.push(...joinContacts(options, contacts, inward.chains).filter((item) => item.near !== null));
  }
  return { found, cut };
}

/** An inside endpoint: its ways outwards, the contacts at their outer ends, and the lease of its address. */
async function fromInside(options: TracerOptions, question: EndpointQuestion, asked: Window): Promise<Ways> {
  const outward = await chainsOutward(options, question, protocolOf(question), asked);
  const leases = await leasesAt(options, question, '', asked);
  const found: Found[] = [];
  let cut = outward.cut + leases.cut;
  for (const [index, translations] of outward.chains.entries()) {
    const own = chainOf(translations, question, leases.found);
    const outer = translations[0]?.outside;
    if (outer === undefined) continue;
    const client = { address: outer.address, port: outer.low === outer.high ? outer.low : null };
    if (index >= MOST_ENDPOINTS) cut += 1;
    // Of a block or an address alone the contacts may be anybody's.
    const near =
      client.port === null || index >= MOST_ENDPOINTS || protocolOf(question) === NUMBER.udp
        ? []
        : await contactsOf(options, client, asked);
    const joined = await ofThisInside(options, near, client, own, asked);
    cut += joined.cut;
    found.push(...joined.found);
    if (!joined.found.some(({ inside }) => isSame(inside, own[0]?.inside ?? question)))
      found.push(
        ...own.map((chain): Found => ({ ...chain, near: null, portRecorded: hasPorts(translations) })),
      );
  }
  // Where nothing was translated the client's endpoint is the inside one.
  const direct = await nearContacts(options, question, asked);
  const bare = leases.found.map((lease): Chain => ({
    translations: [],
    lease,
    inside: { address: question.address, port: question.port },
  }));
  found.push(...joinContacts(options, direct.near, found.length > 0 && direct.near.length === 0 ? [] : bare));
  return { found, cut: cut + direct.cut, shared: false };
}

function chainOf(
  translations: readonly Translation[],
  question: EndpointQuestion,
  leases: readonly Lease[],
): readonly Chain[] {
  const realm = translations.at(-1)?.realm ?? '';
  const own = leases.filter((lease) => realm === '' || lease.realm === '' || lease.realm === realm);
  const inside = insideOf(translations, question);
  return (own.length > 0 ? own : [null]).map((lease): Chain => ({ translations, lease, inside }));
}

/**
 * The contacts of an outside endpoint that may be those of one inside: with all who had that endpoint then, so that a
 * contact which may be another's is not taken for this one's.
 */
async function ofThisInside(
  options: TracerOptions,
  near: readonly NearContact[],
  client: Endpoint,
  own: readonly Chain[],
  asked: Window,
): Promise<{ readonly found: readonly Found[]; readonly cut: number }> {
  if (near.length === 0) return { found: [], cut: 0 };
  const inward = await chainsInward(options, client, NUMBER.tcp, asked);
  const joined = joinContacts(options, near, inward.chains).filter((item) => item.near !== null);
  const insides = own.map(({ inside }) => inside);
  const mine = new Set(
    joined
      .filter(({ inside }) => insides.some((item) => isSame(item, inside)))
      .map((item) => item.near?.contact.id),
  );
  return { found: joined.filter((item) => mine.has(item.near?.contact.id)), cut: inward.cut };
}

/** A translation of a whole address or block does not name the inside port: it is the one that was asked for. */
const insideOf = (translations: readonly Translation[], { address, port }: EndpointQuestion): Endpoint => ({
  address,
  port: translations.at(-1)?.inside.port ?? port,
});

async function contactsOf(
  options: TracerOptions,
  { address, port }: Endpoint,
  asked: Window,
): Promise<NearContact[]> {
  const { contacts } = await options.records.byClient(address, port, widest(asked), FETCH_LIMIT);
  return contacts.flatMap((contact) => nearOf(options, contact, [contact], asked) ?? []);
}

async function nearContacts(
  options: TracerOptions,
  question: EndpointQuestion,
  asked: Window,
): Promise<{ readonly near: readonly NearContact[]; readonly cut: number; readonly shared: boolean }> {
  const found = await fetchContacts(options, question, widest(asked));
  const near = found.contacts.flatMap(
    (contact) => nearOf(options, contact, relevantIntervals(contact, question), asked) ?? [],
  );
  return { near, cut: Math.max(0, found.total - found.contacts.length), shared: found.shared };
}

function fetchContacts(
  { records }: TracerOptions,
  question: EndpointQuestion,
  window: Window,
): Promise<FoundContacts> {
  // Every contact of the gateway is TCP; who asks for UDP asks for something that it cannot have seen.
  if (question.proto === 'udp') return Promise.resolve({ contacts: [], total: 0, shared: false });
  if (question.kind === 'egress' && question.port !== null)
    return records.byEgress(question.address, question.port, window, FETCH_LIMIT);
  return records.byClient(question.address, question.port, window, FETCH_LIMIT);
}

/** When the contact answers the question: for a gateway-side endpoint, while that endpoint was its own. */
function relevantIntervals(contact: Contact, question: EndpointQuestion): readonly Interval[] {
  if (question.kind !== 'egress') return [contact];
  const own = contact.egress.filter(
    (item) => item.local.address === question.address && item.local.port === question.port,
  );
  return own.length > 0 ? own : [contact];
}

/** Null when none of the intervals overlaps the window, widened by the error of the contact's clock. */
function nearOf(
  options: TracerOptions,
  contact: Contact,
  intervals: readonly Interval[],
  asked: Window,
): NearContact | null {
  const window = widened(options, contact.clockErrorMs, asked);
  const interval = intervals.find((item) => overlaps(item, window.from, window.to));
  if (interval === undefined) return null;
  const bindings = contact.bindings.filter((binding) => overlaps(binding, window.from, window.to));
  return { contact, interval, bindings };
}

/**
 * Leaves out what is known to have gone to another of the operator's services; and, where some are known to have gone to
 * the one that was asked for, what is known to have gone elsewhere.
 */
function withRemote(remote: Endpoint | null, found: readonly Found[]): readonly Found[] {
  if (remote === null) return found;
  const own = found.filter(({ near }) => near === null || isSame(near.contact.own, remote));
  const certain = own.filter(({ near, translations }) => near !== null || isTowards(translations[0], remote));
  return own.filter((item) => {
    const told = item.near === null ? (item.translations[0]?.remote ?? null) : null;
    if (certain.includes(item) || told === null) return true;
    return told === 'elsewhere' && certain.length === 0;
  });
}

const isSame = (a: Endpoint, b: Endpoint): boolean => a.address === b.address && a.port === b.port;

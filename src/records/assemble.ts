import type { Subject } from '../model/accounts.ts';
import type {
  BindingRecord,
  ConnectionRecord,
  Contact,
  EgressEndRecord,
  EgressRecord,
  EndRecord,
  FoundRequest,
  RequestRecord,
  StoredBinding,
  StoredEgress,
  UnbindingRecord,
  Window,
} from '../model/records.ts';
import { overlaps, type Millis } from '../model/time.ts';

/** Everything stored about one connection, in the order of storing; a connection carried over midnight repeats items. */
export interface ConnectionParts {
  readonly connection: ConnectionRecord;
  readonly end: EndRecord | null;
  readonly bindings: readonly BindingRecord[];
  readonly unbindings: readonly UnbindingRecord[];
  readonly egress: readonly EgressRecord[];
  readonly egressEnds: readonly EgressEndRecord[];
}

const earlier = (a: Millis | null, b: Millis | null): Millis | null => {
  if (a === null) return b;
  return b === null ? a : (Math.min(a, b) as Millis);
};

/** Joins a connection's parts into the contact that a trace returns. */
export function assembleContact(parts: ConnectionParts): Contact {
  const { connection, end } = parts;
  return {
    id: connection.id,
    listener: connection.listener,
    peer: connection.peer,
    client: connection.client,
    verdict: connection.verdict,
    chain: connection.chain,
    own: connection.own,
    clockErrorMs: connection.clockErrorMs,
    from: connection.from,
    to: end === null ? null : end.to,
    endReason: end?.reason ?? null,
    bindings: assembleBindings(parts),
    egress: assembleEgress(parts),
  };
}

function assembleBindings(parts: ConnectionParts): StoredBinding[] {
  const seen = new Set<string>();
  const result: StoredBinding[] = [];
  for (const binding of parts.bindings) {
    const key = `${binding.subject} ${binding.from}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const left = parts.unbindings.find((item) => item.subject === binding.subject && item.at >= binding.from);
    result.push({
      site: binding.site,
      subject: binding.subject,
      learned: binding.learned,
      sessionSince: binding.sessionSince,
      from: binding.from,
      to: earlier(left?.at ?? null, parts.end?.closed ?? null),
    });
  }
  return result;
}

function assembleEgress(parts: ConnectionParts): StoredEgress[] {
  const seen = new Set<string>();
  const result: StoredEgress[] = [];
  for (const egress of parts.egress) {
    const key = `${egress.local.address} ${egress.local.port} ${egress.from}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const ended = parts.egressEnds.find(
      (item) =>
        item.local.address === egress.local.address &&
        item.local.port === egress.local.port &&
        item.from === egress.from,
    );
    result.push({
      local: egress.local,
      remote: egress.remote,
      from: egress.from,
      to: ended?.to ?? parts.end?.closed ?? null,
    });
  }
  return result;
}

/** The contacts that overlap the window, oldest first, cut at `limit`. */
export function selectContacts(
  contacts: Iterable<Contact>,
  window: Window,
  limit: number,
): { contacts: Contact[]; total: number } {
  const matching = [...contacts].filter((contact) => overlaps(contact, window.from, window.to));
  matching.sort((a, b) => a.from - b.from || a.id - b.id);
  return { contacts: matching.slice(0, limit), total: matching.length };
}

/**
 * Whether a shared gateway-side endpoint may have carried the contact: a trusted proxy's carried those of its peer and
 * listener, a pool's (which has neither) any that was there while it was open.
 * @param until  the endpoint's end; null while it is open
 */
export function carriedBy(contact: Contact, carrier: EgressRecord, until: Millis | null): boolean {
  if (carrier.peer === null)
    return contact.from <= (until ?? Infinity) && overlaps(contact, carrier.from, Infinity as Millis);
  return contact.listener === carrier.listener && contact.peer.address === carrier.peer.address;
}

/** What the rows of one request, in the order of storing, say together. */
export function assembleRequest(rows: readonly RequestRecord[], contact: Contact): FoundRequest | null {
  const [first] = rows;
  if (first === undefined) return null;
  const named = new Map<Subject, FoundRequest['named'][number]>();
  for (const { subject, learned } of rows)
    if (subject !== null && learned !== null && !named.has(subject)) named.set(subject, { subject, learned });
  return { at: first.at, site: first.site, contact, named: [...named.values()] };
}

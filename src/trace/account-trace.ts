import { overlaps, type Millis } from '../model/time.ts';
import type { Lease } from '../model/translations.ts';
import type { Found } from './candidates.ts';
import type { AccountQuestion } from './question.ts';
import { span, type Findings, type TracerOptions } from './findings.ts';

const FETCH_LIMIT = 5000;
/** Nothing is kept for longer than a year by default, so nothing that lasts began before. */
const LONGEST_MS = 366 * 86_400_000;

/**
 * Which endpoints did an account, or a subscriber, use over a period? The account's contacts; the subscriber's leases
 * with the public endpoints that their addresses were mapped to.
 */
export async function traceAccount(options: TracerOptions, question: AccountQuestion): Promise<Findings> {
  const asked = span(question.from, question.to);
  // What began long before may still last, under the subject of its own month.
  const since = Math.max(0, question.from - LONGEST_MS) as Millis;
  const subjects = (await options.subjectsOf?.(question.site, question.account, since, question.to)) ?? [];
  const found: Found[] = [];
  let cut = 0;
  for (const subject of subjects) {
    const contacts = await options.records.bySubject(subject, asked, FETCH_LIMIT);
    cut += contacts.total - contacts.contacts.length;
    for (const contact of contacts.contacts) {
      const bindings = contact.bindings
        .filter((item) => item.subject === subject && overlaps(item, asked.from, asked.to))
        .slice(0, 1);
      const near = { contact, interval: contact, bindings };
      if (bindings.length > 0)
        found.push({
          near,
          translations: [],
          lease: null,
          inside: contact.client,
          portRecorded: contact.client.port !== null,
        });
    }
    const leases = await options.records.leasesOf(subject, asked, FETCH_LIMIT);
    cut += leases.total - leases.leases.length;
    for (const lease of leases.leases) {
      const held = await translationsUnder(options, lease, question);
      cut += held.cut;
      found.push(...held.found);
    }
  }
  return { asked, found, cut, shared: false, portMissing: false, unshared: false };
}

/** The translations of a lease's address while it lasted; the lease alone when there are none. */
async function translationsUnder(
  options: TracerOptions,
  lease: Lease,
  { from, to }: AccountQuestion,
): Promise<{ readonly found: Found[]; readonly cut: number }> {
  const inside = { address: lease.address, port: null };
  const window = span(Math.max(from, lease.from), Math.min(to, lease.to ?? to));
  const { translations, total } = await options.records.translations(
    'inside',
    lease.address,
    null,
    window,
    FETCH_LIMIT,
  );
  const found = translations
    .filter(({ realm }) => realm === '' || lease.realm === '' || realm === lease.realm)
    .map((item): Found => ({
      near: null,
      translations: [item],
      lease,
      inside: item.inside,
      portRecorded: item.outside.low !== null,
    }));
  const bare: Found = { near: null, translations: [], lease, inside, portRecorded: true };
  return { found: found.length > 0 ? found : [bare], cut: total - translations.length };
}

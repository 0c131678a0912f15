import type { StoredBinding } from '../model/records.ts';
import { waysOf } from './endpoint-trace.ts';
import type { RequestQuestion } from './question.ts';
import { span, type Findings, type TracerOptions } from './findings.ts';

/**
 * A request names its connection, so no clock stands between the two; and its account, if it named any. Who else used
 * the connection, before or after, is not asked. Null when no such request is kept.
 */
export async function requestTrace(
  options: TracerOptions,
  question: RequestQuestion,
): Promise<Findings | null> {
  const found = await options.records.byRequest(question.requestId);
  if (found === null) return null;
  const { contact, at, site, named } = found;
  const asked = span(at, at);
  const bindings = named.map(
    ({ subject, learned }): StoredBinding =>
      contact.bindings.find((item) => item.subject === subject) ?? {
        site,
        subject,
        learned,
        sessionSince: null,
        from: at,
        to: at,
      },
  );
  const ways = await waysOf(options, [{ contact, interval: contact, bindings }], asked);
  return {
    asked,
    ...ways,
    shared: false,
    portMissing: false,
    unshared: options.isUnshared(contact.client.address),
  };
}

import type { Json } from '../model/journal.ts';
import { ShudiError } from '../model/errors.ts';
import { presentTrace } from '../trace/present.ts';
import { parseQuestion, type RawQuestion } from '../trace/question.ts';
import type { Tracer } from '../trace/tracer.ts';
import type { Register } from './register.ts';
import { actingAs, MACHINE, type Actor } from './rules.ts';
import { storedQuestion } from './scope.ts';

/**
 * Answers a question without a grant: down to handles that are good for this answer only. The question is in the journal
 * before anything is looked up; if it cannot be written, nothing is answered.
 * @throws ShudiError question.* | auth.* | journal.*; question.invalid for a question about an account, which names a
 *   person and so takes a grant
 */
export async function traceWithHandles(
  parts: { readonly register: Register; readonly tracer: Tracer },
  actor: Actor,
  raw: RawQuestion,
): Promise<{ readonly [key: string]: Json }> {
  const parsed = parseQuestion(raw);
  if (parsed.kind === 'account') {
    throw new ShudiError(
      'question.invalid',
      'A question about an account takes a request and an approval.',
      'account',
    );
  }
  const question = storedQuestion(raw);
  await parts.register.act((state) => {
    if (actor === 'machine') return { kind: 'trace.asked', actor: MACHINE, body: { question, token: null } };
    const { id } = actingAs(state, actor.token, ['requester']);
    return { kind: 'trace.asked', actor: id, body: { question, token: actor.token } };
  });
  return presentTrace(await parts.tracer.trace(parsed));
}

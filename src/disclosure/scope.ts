import { Type } from 'typebox';
import { canonicalJson } from '../model/canonical-json.ts';
import { endpointText } from '../model/address.ts';
import { ShudiError } from '../model/errors.ts';
import { parseQuestion, questionFields, type Question, type RawQuestion } from '../trace/question.ts';
import type { Ambiguous, StoredQuestion } from './state.ts';
import { sha256 } from './tokens.ts';

/** What a request asks for, besides its case. */
export interface Scope {
  readonly reason: string;
  readonly questions: readonly RawQuestion[];
  /** Absent: `withhold`. */
  readonly ambiguous?: Ambiguous | undefined;
}

export const MAX_QUESTIONS = 100;
const SITE = /^[a-z][a-z0-9-]{0,31}$/;

const text = Type.Union([Type.String({ maxLength: 200 }), Type.Integer()]);

/** A question as it arrives; `parseQuestion` says which fields go together. */
export const QuestionSchema = Type.Object(
  {
    outside: Type.Optional(text),
    inside: Type.Optional(text),
    egress: Type.Optional(text),
    requestId: Type.Optional(text),
    account: Type.Optional(text),
    site: Type.Optional(text),
    port: Type.Optional(text),
    proto: Type.Optional(text),
    remote: Type.Optional(text),
    at: Type.Optional(text),
    from: Type.Optional(text),
    to: Type.Optional(text),
    tolerance: Type.Optional(text),
  },
  { additionalProperties: false, description: 'One endpoint and one time; docs/trace.md shows the forms.' },
);

export const ScopeFields = {
  reason: Type.String({ minLength: 1, maxLength: 2000, pattern: '\\S' }),
  questions: Type.Array(QuestionSchema, { minItems: 1, maxItems: MAX_QUESTIONS }),
  ambiguous: Type.Optional(
    Type.Union([
      Type.Literal('withhold'),
      Type.Object({ upTo: Type.Integer({ minimum: 1, maximum: 20 }) }, { additionalProperties: false }),
    ]),
  ),
} as const;

/**
 * The question in its one normal form: addresses canonical, times in UTC, defaults written out. `parseQuestion` takes it
 * again and understands the same.
 * @throws ShudiError question.invalid | address.invalid | port.invalid | time.invalid | time.no-offset
 */
export function storedQuestion(raw: RawQuestion): StoredQuestion {
  return normalForm(parseQuestion(raw));
}

function normalForm(question: Question): StoredQuestion {
  if (question.kind === 'account' && !SITE.test(question.site))
    throw new ShudiError('question.invalid', 'This is no name of a site.', 'site');
  const fields = questionFields(question);
  if (question.kind === 'request' || question.kind === 'account') return fields;
  return {
    ...fields,
    ...(question.remote === null ? {} : { remote: endpointText(question.remote) }),
    tolerance: `${question.toleranceMs}ms`,
  };
}

/** The questions of a request in normal form; an error names which one is at fault. */
export function storedQuestions(raws: readonly RawQuestion[]): StoredQuestion[] {
  return raws.map((raw, index) => {
    try {
      return storedQuestion(raw);
    } catch (error) {
      if (!(error instanceof ShudiError)) throw error;
      throw new ShudiError(
        error.code,
        error.message,
        `questions/${index}${error.where === null ? '' : `/${error.where}`}`,
      );
    }
  });
}

/** What a request's digest is taken of: everything that an approver decides on. */
export interface Digested {
  readonly request: string;
  readonly version: number;
  readonly case: string;
  readonly requester: string;
  readonly reason: string;
  readonly questions: readonly StoredQuestion[];
  readonly ambiguous: Ambiguous;
}

/** Hex SHA-256 of the canonical JSON. */
export function requestDigest(parts: Digested): string {
  const { request, version, requester, reason, questions, ambiguous } = parts;
  return sha256(
    canonicalJson({ request, version, case: parts.case, requester, reason, questions, ambiguous }),
  );
}

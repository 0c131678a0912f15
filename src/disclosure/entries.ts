import { Type, type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

/** The bodies of the journal entries that the register is folded from. `actor` and `at` are the entry's own. */

const strict = { additionalProperties: false } as const;
const id = (prefix: string) => Type.String({ pattern: `^${prefix}-[0-9a-f]{16}$` });
const hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const time = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' });
const role = Type.Union([
  Type.Literal('requester'),
  Type.Literal('approver'),
  Type.Literal('supervisor'),
  Type.Literal('operator'),
]);
const roles = Type.Array(role, { minItems: 1, maxItems: 4 });
const name = Type.String({ minLength: 1, maxLength: 100 });
const token = Type.Object({ id: id('t'), hash }, strict);
const question = Type.Record(Type.String(), Type.Union([Type.String(), Type.Integer()]));
const scope = {
  version: Type.Integer({ minimum: 1 }),
  reason: Type.String({ minLength: 1, maxLength: 4000 }),
  questions: Type.Array(question, { minItems: 1, maxItems: 100 }),
  ambiguous: Type.Union([
    Type.Literal('withhold'),
    Type.Object({ upTo: Type.Integer({ minimum: 1, maximum: 20 }) }, strict),
  ]),
  digest: hash,
};
const grade = Type.Object(
  {
    grade: Type.String(),
    subjectGrade: Type.String(),
    candidates: Type.Integer(),
    identities: Type.Integer(),
  },
  strict,
);

export const ENTRY_SCHEMAS = {
  'people.bootstrapped': Type.Object(
    {
      people: Type.Array(Type.Object({ person: id('p'), name, roles, token }, strict), {
        minItems: 2,
        maxItems: 2,
      }),
    },
    strict,
  ),
  'person.proposed': Type.Object(
    { person: id('p'), name, roles, token: Type.Union([token, Type.Null()]) },
    strict,
  ),
  'person.enrolled': Type.Object({ person: id('p') }, strict),
  'person.staff-enrolled': Type.Object({ person: id('p'), name, roles, token }, strict),
  'person.removed': Type.Object({ person: id('p') }, strict),
  'token.issued': Type.Object(
    {
      token,
      owner: Type.Union([
        Type.Object({ person: id('p') }, strict),
        Type.Object({ site: Type.String({ minLength: 1, maxLength: 64 }) }, strict),
      ]),
    },
    strict,
  ),
  'token.revoked': Type.Object({ token: id('t') }, strict),
  'case.opened': Type.Object(
    { case: id('c'), kind: Type.String(), fields: Type.Record(Type.String(), Type.Unknown()) },
    strict,
  ),
  'request.made': Type.Object({ request: id('r'), case: id('c'), ...scope }, strict),
  'request.changed': Type.Object({ request: id('r'), ...scope }, strict),
  'request.approved': Type.Object(
    { request: id('r'), digest: hash, grant: id('g'), expires: time, token: id('t') },
    strict,
  ),
  'grant.used': Type.Object({ grant: id('g'), request: id('r'), digest: hash, token: id('t') }, strict),
  'disclosure.answered': Type.Object(
    {
      grant: id('g'),
      request: id('r'),
      answerSha256: hash,
      counts: Type.Object(
        { questions: Type.Integer(), candidates: Type.Integer(), identities: Type.Integer() },
        strict,
      ),
      grades: Type.Array(grade, { maxItems: 100 }),
    },
    strict,
  ),
  'disclosure.failed': Type.Object({ grant: id('g'), request: id('r'), code: Type.String() }, strict),
  'trace.asked': Type.Object({ question, token: Type.Union([id('t'), Type.Null()]) }, strict),
} as const satisfies Record<string, TSchema>;

export type EntryKind = keyof typeof ENTRY_SCHEMAS;
export type EntryBody<Kind extends EntryKind> = Static<(typeof ENTRY_SCHEMAS)[Kind]>;

export function isEntryKind(kind: string): kind is EntryKind {
  return Object.hasOwn(ENTRY_SCHEMAS, kind);
}

const validators = new Map(
  Object.entries(ENTRY_SCHEMAS).map(([kind, schema]) => [kind, Compile(schema as TSchema)]),
);

/** Whether a body is one of its kind. */
export function isBodyOf<Kind extends EntryKind>(kind: Kind, body: unknown): body is EntryBody<Kind> {
  return validators.get(kind)?.Check(body) === true;
}

import { Type } from 'typebox';

/** The shapes that routes share. */

const id = (prefix: string, what: string) =>
  Type.String({ pattern: `^${prefix}-[0-9a-f]{16}$`, description: what });

export const CaseId = id('c', 'Id of a case');
export const RequestId = id('r', 'Id of a request');
export const PersonId = id('p', 'Id of a person');
export const GrantId = id('g', 'Id of a grant');
export const Digest = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Hex SHA-256' });
export const Time = Type.String({ description: 'RFC 3339, UTC, milliseconds' });
export const strict = { additionalProperties: false } as const;
/** Anything: documented elsewhere. */
export const Free = Type.Record(Type.String(), Type.Unknown());

export const Label = Type.Object({ zh: Type.String(), en: Type.String() }, strict);
export const BadgeFields = {
  region: Type.String({ description: 'CN-GD, CN-HK, US, …; ZZ when nothing is known' }),
  label: Label,
  source: Type.Union([Type.String(), Type.Null()]),
  dataVersion: Type.Union([Type.String(), Type.Null()]),
} as const;

export const RoleSchema = Type.Union([
  Type.Literal('requester'),
  Type.Literal('approver'),
  Type.Literal('supervisor'),
  Type.Literal('operator'),
]);

export const GrantSchema = Type.Object(
  {
    id: GrantId,
    digest: Digest,
    approver: PersonId,
    approvedAt: Time,
    expires: Time,
    state: Type.Union([
      Type.Literal('live'),
      Type.Literal('used'),
      Type.Literal('void'),
      Type.Literal('expired'),
    ]),
    usedAt: Type.Union([Time, Type.Null()]),
    outcome: Type.Union([Type.Literal('answered'), Type.Literal('failed'), Type.Null()]),
  },
  strict,
);

export const RequestSchema = Type.Object(
  {
    id: RequestId,
    case: CaseId,
    requester: PersonId,
    version: Type.Integer(),
    reason: Type.String(),
    questions: Type.Array(Free),
    ambiguous: Type.Union([Type.Literal('withhold'), Type.Object({ upTo: Type.Integer() }, strict)]),
    digest: Digest,
    madeAt: Time,
    changedAt: Time,
    grant: Type.Union([GrantSchema, Type.Null()]),
  },
  strict,
);

export const CaseSchema = Type.Object(
  {
    id: CaseId,
    kind: Type.String(),
    ground: Type.Union([
      Type.Object({ law: Type.String(), article: Type.String(), version: Type.String() }, strict),
      Type.Null(),
    ]),
    fields: Free,
    openedBy: PersonId,
    openedAt: Time,
  },
  strict,
);

export const PersonSchema = Type.Object(
  {
    id: PersonId,
    name: Type.String(),
    roles: Type.Array(RoleSchema),
    state: Type.Union([Type.Literal('proposed'), Type.Literal('enrolled'), Type.Literal('removed')]),
    proposedBy: Type.Optional(PersonId),
    proposedAt: Type.Optional(Time),
    tokenHash: Type.Optional(Type.Union([Digest, Type.Null()])),
  },
  strict,
);

/** RFC 9457. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable; docs/errors.md lists all' }),
    detail: Type.String(),
    where: Type.Optional(Type.String()),
    mend: Type.String(),
  },
  strict,
);

export const TraceSchema = Type.Object(
  {
    question: Free,
    grade: Type.String(),
    subjectGrade: Type.String(),
    reasons: Type.Array(Type.String()),
    count: Type.Integer(),
    candidates: Type.Array(Free),
  },
  strict,
);

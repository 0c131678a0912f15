import { Type, type TObject } from 'typebox';
import { ShudiError } from '../model/errors.ts';
import type { Json } from '../model/journal.ts';
import { parserOf } from './check.ts';

/** The ground of a case. Article numbers change: each comes with the version of the text that it is of. */
export interface LawReference {
  readonly law: string;
  readonly article: string;
  readonly version: string;
}

export interface CaseKind {
  readonly title: string;
  readonly ground: LawReference;
  readonly fields: TObject;
}

const strict = { additionalProperties: false } as const;
const text = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: '\\S', description });
const date = (description: string) => Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description });
const officer = Type.Object(
  {
    name: text(100, 'Name as on the credential'),
    credential: text(100, 'Number of the credential that was shown'),
    unit: Type.Optional(text(200, 'Unit')),
  },
  strict,
);
const attendant = Type.Object(
  { name: text(100, 'Name'), position: text(100, 'Position in the organisation') },
  strict,
);
const note = Type.Optional(text(4000, 'Anything else that belongs to the file'));

const CSL_28: LawReference = {
  law: 'Cybersecurity Law of the PRC',
  article: '28',
  version: '2016, numbers as before the 2026 renumbering',
};

/** What each kind of case must hold before a request can be made on it (R7). */
export const CASE_KINDS = {
  'court-order': {
    title: 'Order of a court',
    ground: { law: 'Civil Procedure Law of the PRC', article: '70', version: '2023 revision' },
    fields: Type.Object(
      {
        court: text(200, 'Court'),
        orderNumber: text(100, 'Number of the order'),
        orderDate: date('Date of the order'),
        clerk: Type.Optional(officer),
        note,
      },
      strict,
    ),
  },
  'police-request': {
    title: 'Request of a public or state security organ for technical support',
    ground: CSL_28,
    fields: Type.Object(
      {
        authority: text(200, 'Organ that asks'),
        letterNumber: text(100, 'Number of its letter'),
        letterDate: date('Date of its letter'),
        officers: Type.Array(officer, { minItems: 1, maxItems: 10 }),
        note,
      },
      strict,
    ),
  },
  inspection: {
    title: 'Inspection on the spot',
    ground: { law: 'Order No. 82 of the Ministry of Public Security', article: '16', version: '2005' },
    fields: Type.Object(
      {
        authority: text(200, 'Organ that inspects'),
        date: date('Day of the inspection'),
        officers: Type.Array(officer, { minItems: 2, maxItems: 20 }),
        attending: Type.Array(attendant, { minItems: 1, maxItems: 20 }),
        note,
      },
      strict,
    ),
  },
  emergency: {
    title: 'Danger to life or limb, papers to follow',
    ground: CSL_28,
    fields: Type.Object(
      {
        authority: text(200, 'Organ that asks'),
        officer,
        danger: text(2000, 'What danger, to whom, why it cannot wait'),
        verifiedBy: text(500, 'How it was made sure that the caller is who they say'),
        papersBy: date('By when the papers follow'),
        note,
      },
      strict,
    ),
  },
} as const satisfies Record<string, CaseKind>;

export type CaseKindName = keyof typeof CASE_KINDS;

export function isCaseKind(kind: string): kind is CaseKindName {
  return Object.hasOwn(CASE_KINDS, kind);
}

const parsers = new Map(
  Object.entries(CASE_KINDS).map(([kind, { fields }]) => [
    kind,
    parserOf(fields as TObject, 'case.invalid', 'fields'),
  ]),
);

/**
 * The fields of a case, checked against its kind: complete, bounded, nothing unknown, dates that exist, officers that
 * are different people.
 * @throws ShudiError case.invalid naming the field
 */
export function caseFields(kind: CaseKindName, raw: unknown): { readonly [key: string]: Json } {
  const fields = parsers.get(kind)?.(raw) as { readonly [key: string]: Json };
  for (const [key, value] of Object.entries(fields)) {
    if (/(date|papersBy)$/i.test(key) && typeof value === 'string' && !isDate(value)) {
      throw new ShudiError('case.invalid', 'There is no such day.', `fields/${key}`);
    }
  }
  const { officers } = fields;
  if (Array.isArray(officers)) {
    const credentials = officers.map((item: { credential: string }) => item.credential.trim());
    if (new Set(credentials).size !== credentials.length) {
      throw new ShudiError(
        'case.invalid',
        'Each officer shows a credential of their own.',
        'fields/officers',
      );
    }
  }
  return fields;
}

function isDate(value: string): boolean {
  const time = Date.parse(`${value}T00:00:00.000Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === value;
}

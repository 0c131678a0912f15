import type { TSchema } from 'typebox';
import { describe, expect, it } from 'vitest';
import { CASE_KINDS, caseFields, isCaseKind, type CaseKindName } from '../../src/disclosure/case-kinds.ts';
import { ShudiError } from '../../src/model/errors.ts';

const OFFICERS = [
  { name: 'Wang', credential: '001' },
  { name: 'Li', credential: '002' },
];

const EXAMPLES = {
  'court-order': { court: 'Court', orderNumber: '118', orderDate: '2026-11-20' },
  'police-request': { authority: 'Bureau', letterNumber: '7', letterDate: '2026-11-20', officers: OFFICERS },
  inspection: {
    authority: 'Bureau',
    date: '2026-11-20',
    officers: OFFICERS,
    attending: [{ name: 'Zhao', position: 'Head of operations' }],
  },
  emergency: {
    authority: 'Bureau',
    officer: OFFICERS[0],
    danger: 'A threat to life',
    verifiedBy: 'Called back on the published number',
    papersBy: '2026-11-21',
  },
} as const satisfies Record<CaseKindName, object>;

function refusal(kind: CaseKindName, fields: unknown): string {
  try {
    caseFields(kind, fields);
    return 'taken';
  } catch (error) {
    return error instanceof ShudiError && error.code === 'case.invalid' ? (error.where ?? '') : 'unexpected';
  }
}

for (const kind of Object.keys(CASE_KINDS).filter(isCaseKind)) {
  describe(`a case of kind ${kind}`, () => {
    const example = EXAMPLES[kind];
    const { ground, fields } = CASE_KINDS[kind];

    it('holds what it needs, and its ground with a version', () => {
      expect(caseFields(kind, example)).toEqual(example);
      expect(ground.version).not.toBe('');
    });

    for (const name of (fields as TSchema & { required: string[] }).required) {
      it(`is refused without ${name}`, () => {
        expect(refusal(kind, { ...example, [name]: undefined })).not.toBe('taken');
        const { [name]: _left, ...rest } = example as Record<string, unknown>;
        expect(refusal(kind, rest)).not.toBe('taken');
        expect(refusal(kind, { ...example, [name]: ' ' })).toContain(name);
      });
    }

    it('is refused with a field that it does not have, or with too long a text', () => {
      expect(refusal(kind, { ...example, extra: 1 })).toBe('fields/extra');
      expect(refusal(kind, { ...example, note: 'x'.repeat(4001) })).toBe('fields/note');
      for (const value of [null, [], 'x', 1]) expect(refusal(kind, value)).toBe('fields');
    });
  });
}

describe('the details of a case', () => {
  it('are days that exist', () => {
    expect(refusal('court-order', { ...EXAMPLES['court-order'], orderDate: '2026-02-30' })).toBe(
      'fields/orderDate',
    );
    expect(refusal('inspection', { ...EXAMPLES.inspection, date: '2026-13-01' })).toBe('fields/date');
    expect(refusal('emergency', { ...EXAMPLES.emergency, papersBy: '0000-00-00' })).toBe('fields/papersBy');
  });

  it('name two officers with credentials of their own, and who attended', () => {
    const { inspection } = EXAMPLES;
    expect(refusal('inspection', { ...inspection, officers: OFFICERS.slice(0, 1) })).toBe('fields/officers');
    expect(
      refusal('inspection', { ...inspection, officers: [OFFICERS[0], { name: 'Li', credential: ' 001' }] }),
    ).toBe('fields/officers');
    expect(refusal('inspection', { ...inspection, attending: [] })).toBe('fields/attending');
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellsOf } from '../../../src/collectors/import/csv-row.ts';

describe('a row of CSV', () => {
  it.each<[string, string[] | null]>([
    ['', ['']],
    ['a,b', ['a', 'b']],
    [',', ['', '']],
    ['"a",b', ['a', 'b']],
    ['a,"b,c"', ['a', 'b,c']],
    ['"say ""hi""",""', ['say "hi"', '']],
    ['" a ",\tb ', [' a ', '\tb ']],
    // A quote that is not closed, that stands within a plain cell, or that something follows.
    ['"', null],
    ['a,"b', null],
    ['a,"b""', null],
    ['a"b,c', null],
    ['a, "b"', null],
    ['"a"b,c', null],
  ])('%s', (line, cells) => {
    expect(cellsOf(line)).toEqual(cells);
  });

  it('gives back every cell that was written as RFC 4180 says', () => {
    const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
    const cell = fc.tuple(fc.string({ unit: fc.constantFrom('"', ',', ' ', 'a', '用') }), fc.boolean());
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
        const line = cells.map(([text, isQuoted]) => (isQuoted || /[",]/.test(text) ? quoted(text) : text));
        expect(cellsOf(line.join(','))).toEqual(cells.map(([text]) => text));
      }),
    );
  });
});

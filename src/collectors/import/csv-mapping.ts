import { ShudiError } from '../../model/errors.ts';

/** What a row may tell. `inside` and `address` decide whether it is a translation or a lease. */
export const CSV_FIELDS = [
  'time',
  'until',
  'event',
  'protocol',
  'realm',
  'inside',
  'insidePort',
  'outside',
  'outsidePort',
  'outsideLow',
  'outsideHigh',
  'outsideStep',
  'remote',
  'remotePort',
  'flow',
  'address',
  'session',
  'server',
  'subscriber',
  'line',
] as const;
export type CsvField = (typeof CSV_FIELDS)[number];

/** From fields to the columns that hold them, by their heading, or by their number from 1. */
export type CsvMapping = ReadonlyMap<CsvField, string>;

const MOST_CHARACTERS = 4000;

/**
 * Reads `field=column,field=column`. Without a text every field has a column of its own name.
 * @throws ShudiError import.mapping
 */
export function csvMapping(text: string | null): CsvMapping | null {
  if (text === null) return null;
  if (text.length > MOST_CHARACTERS) throw new ShudiError('import.mapping', 'The mapping is too long.');
  const mapping = new Map<CsvField, string>();
  for (const part of text.split(',')) {
    const [name = '', column = ''] = part.split(/=(.*)/s);
    const field = CSV_FIELDS.find((item) => item === name.trim());
    if (field === undefined)
      throw new ShudiError('import.mapping', 'There is no such field.', name.trim().slice(0, 40));
    if (column.trim() === '' || mapping.has(field))
      throw new ShudiError('import.mapping', 'The field needs one column.', field);
    mapping.set(field, column.trim());
  }
  if (!mapping.has('time') || !(mapping.has('inside') || mapping.has('address')))
    throw new ShudiError(
      'import.mapping',
      'A translation needs the fields time and inside, a lease time and address.',
    );
  return mapping;
}

/** One field of a template: an information element, its enterprise (0 is IANA) and its length; 65535 is variable. */
export interface Field {
  readonly element: number;
  readonly enterprise: number;
  readonly length: number;
}

export interface Template {
  readonly id: number;
  readonly fields: readonly Field[];
  /** How many of the fields are scope; 0 in a template of data. */
  readonly scope: number;
  /** The least that a record takes, bytes; what it takes when no field is variable. */
  readonly minimum: number;
  readonly isFixed: boolean;
}

export const VARIABLE = 65_535;

/** A template takes this many fields at most; real ones have under 60. */
export const MAX_FIELDS = 512;
/** A record that takes more than a datagram cannot come. */
const MAX_RECORD = 65_535;

/** What a set of templates tells, one by one. */
export interface TemplateSink {
  template(template: Template): void;
  /** RFC 7011, 8.1: the template is withdrawn; `id` 2 (3 for options) withdraws all. */
  withdrawn(id: number): void;
}

export type Version = 9 | 10;

/**
 * Reads the records of a template set.
 * @param end  one behind its last byte
 * @returns why it makes no sense; null when it does. What was told before stands.
 */
export function readTemplates(
  bytes: Buffer,
  start: number,
  end: number,
  { version, options }: { readonly version: Version; readonly options: boolean },
  sink: TemplateSink,
): string | null {
  let at = start;
  // Padding is shorter than any template's head (RFC 7011, 3.3.1).
  while (end - at >= 4) {
    const id = bytes.readUInt16BE(at);
    const count = bytes.readUInt16BE(at + 2);
    if (id === 0 && count === 0) return null;
    if (version === 10 && count === 0) {
      sink.withdrawn(id);
      at += 4;
      continue;
    }
    if (id < 256) return 'template-id';
    const shape = options ? optionsShape(bytes, at, end, version) : { fields: count, scope: 0, head: 4 };
    if (shape === null) return 'template-scope';
    const read = readFields(bytes, at + shape.head, end, shape.fields, version);
    if (typeof read === 'string') return read;
    sink.template({ id, scope: shape.scope, ...measure(read.fields), fields: read.fields });
    at = read.next;
  }
  return null;
}

/** RFC 7011, 3.4.2.2: fields and scope fields are counted; RFC 3954, 6.1: the bytes that they take are. */
function optionsShape(
  bytes: Buffer,
  at: number,
  end: number,
  version: Version,
): { fields: number; scope: number; head: number } | null {
  if (end - at < 6) return null;
  const first = bytes.readUInt16BE(at + 2);
  const second = bytes.readUInt16BE(at + 4);
  if (version === 10)
    return second === 0 || second > first ? null : { fields: first, scope: second, head: 6 };
  if (first % 4 !== 0 || second % 4 !== 0) return null;
  return { fields: (first + second) / 4, scope: first / 4, head: 6 };
}

function readFields(
  bytes: Buffer,
  start: number,
  end: number,
  count: number,
  version: Version,
): { readonly fields: Field[]; readonly next: number } | string {
  if (count === 0 || count > MAX_FIELDS) return 'template-fields';
  const fields: Field[] = [];
  let at = start;
  for (let index = 0; index < count; index += 1) {
    if (end - at < 4) return 'template-cut';
    const raw = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 2);
    at += 4;
    // NetFlow v9 has no enterprise bit: its numbers go up to 65535.
    if (version === 10 && raw >= 0x8000) {
      if (end - at < 4) return 'template-cut';
      fields.push({ element: raw & 0x7fff, enterprise: bytes.readUInt32BE(at), length });
      at += 4;
    } else fields.push({ element: raw, enterprise: 0, length });
  }
  const { minimum } = measure(fields);
  // A record without a length would never end; one of more than a datagram never comes.
  return minimum === 0 || minimum > MAX_RECORD ? 'template-length' : { fields, next: at };
}

function measure(fields: readonly Field[]): { minimum: number; isFixed: boolean } {
  let minimum = 0;
  let isFixed = true;
  for (const { length } of fields) {
    if (length === VARIABLE) isFixed = false;
    // RFC 7011, 7: a variable field takes at least the byte that tells its length.
    minimum += length === VARIABLE ? 1 : length;
  }
  return { minimum, isFixed };
}

/** Whether two templates say the same; a repeated one changes nothing. */
export function sameTemplate(a: Template, b: Template): boolean {
  return (
    a.scope === b.scope &&
    a.fields.length === b.fields.length &&
    a.fields.every(({ element, enterprise, length }, index) => {
      const other = b.fields[index];
      return other?.element === element && other.enterprise === enterprise && other.length === length;
    })
  );
}

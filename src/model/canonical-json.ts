/** How deep a value may nest: a bound on the stack, far above anything that a journal entry needs. */
const DEPTH = 64;

/**
 * The one JSON text of a value (RFC 8785): object keys sorted by UTF-16 code units, numbers and strings as ECMAScript
 * writes them, no blanks. Two equal values have the same text, so a hash over it is a hash of the value.
 *
 * Refused, because they have no such text: undefined, NaN and the infinities, bigint, functions, symbols, holes in
 * arrays, objects that are not plain (a Date, a Map), lone surrogates, and nesting below 64 levels.
 * @throws TypeError
 */
export function canonicalJson(value: unknown): string {
  return write(value, DEPTH);
}

function write(value: unknown, depth: number): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return writeString(value);
  if (typeof value === 'number') return writeNumber(value);
  if (typeof value !== 'object') throw refusal(`a ${typeof value}`);
  if (depth === 0) throw refusal('nesting that deep');
  return Array.isArray(value) ? writeArray(value, depth - 1) : writeObject(value, depth - 1);
}

function writeString(value: string): string {
  if (!value.isWellFormed()) throw refusal('a lone surrogate');
  return JSON.stringify(value);
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw refusal('a number that is not finite');
  return JSON.stringify(value);
}

function writeArray(value: readonly unknown[], depth: number): string {
  // Array.from visits holes as undefined, which is refused; map would skip them.
  return `[${Array.from(value, (item) => write(item, depth)).join(',')}]`;
}

function writeObject(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) throw refusal('an object that is not plain');
  const keys = Object.keys(value);
  if (Reflect.ownKeys(value).length !== keys.length) throw refusal('a hidden key');
  const fields = value as { readonly [key: string]: unknown };
  return `{${keys
    .sort()
    .map((key) => `${writeString(key)}:${write(fields[key], depth)}`)
    .join(',')}}`;
}

function refusal(what: string): TypeError {
  return new TypeError(`JSON has no canonical form for ${what}.`);
}

import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { ErrorCode } from '../model/error-codes.ts';
import { ShudiError } from '../model/errors.ts';

const WHERE_LIMIT = 120;

/**
 * A parser for a schema: gives the value its type, or throws the error. The message says what rule is broken and where,
 * never what was sent (R12).
 * @param place  what the pointer starts with, such as `body`
 */
export function parserOf<Schema extends TSchema>(
  schema: Schema,
  code: ErrorCode,
  place: string,
): (value: unknown) => Static<Schema> {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) {
      if (hasLoneSurrogate(value)) throw new ShudiError(code, 'This holds half of a character.', place);
      return value;
    }
    const [first] = validator.Errors(value);
    const where = `${place}${first?.instancePath ?? ''}`.slice(0, WHERE_LIMIT);
    throw new ShudiError(code, `This ${ruleOf(first?.message)}.`, where);
  };
}

/** `additionalProperties: false` reports an unknown field as one whose schema is false. */
function ruleOf(message: string | undefined): string {
  if (message === undefined) return 'does not fit';
  return message === 'schema is false' ? 'field is not known' : message;
}

/** Text that is no Unicode has no canonical JSON, so nothing that is journalled may hold it. */
function hasLoneSurrogate(value: unknown): boolean {
  // A list instead of recursion: how deep the value nests is the sender's choice.
  const left: unknown[] = [value];
  while (left.length > 0) {
    const item = left.pop();
    if (typeof item === 'string' && !item.isWellFormed()) return true;
    if (typeof item === 'object' && item !== null) left.push(...Object.keys(item), ...Object.values(item));
  }
  return false;
}

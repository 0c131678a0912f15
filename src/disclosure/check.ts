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
    if (validator.Check(value)) return value;
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

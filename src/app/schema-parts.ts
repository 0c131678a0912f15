import { Type } from 'typebox';

/** What the sections of the configuration's schema are made of. */

export const strict = { additionalProperties: false } as const;

export const DURATION = '^\\d{1,9}(ms|s|m|h|d)$';

export const duration = (value: string, description: string) =>
  Type.String({ pattern: DURATION, default: value, description });

/** @param most  inclusive, like `least` */
export const whole = (least: number, most: number, value: number, description: string) =>
  Type.Integer({ minimum: least, maximum: most, default: value, description });

/** The longest head of something, bytes. */
export const headBytes = (value: number, description: string) => whole(1024, 1_048_576, value, description);

export const name = (description: string) => Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$', description });

export const section = <Properties extends Type.TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { ...strict, default: {}, description });

/** So many at once, then so many more a minute; or no limit. */
export const rate = (burst: number, perMinute: number, description: string) =>
  Type.Union(
    [
      Type.Object(
        {
          burst: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
          perMinute: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
        },
        strict,
      ),
      Type.Literal('off'),
    ],
    { default: { burst, perMinute }, description },
  );

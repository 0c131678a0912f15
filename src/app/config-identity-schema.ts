import { Type } from 'typebox';
import { DURATION, strict } from './schema-parts.ts';

/** How a route knows the account. Keys that belong to one mode have their defaults where they are parsed. */
export const identitySchema = Type.Object(
  {
    mode: Type.Enum(['none', 'header', 'jwt', 'introspect'], {
      description:
        "`header`: responses carry `X-Shudi-Account`, which binds the session cookie to the account. `jwt`: a signed token names the account. `introspect`: the site's own endpoint is asked whose the cookie is. `none`: only the events API tells.",
    }),
    cookie: Type.Optional(
      Type.String({
        pattern: "^[!#$%&'*+\\-.^_`|~0-9A-Za-z]{1,64}$",
        description:
          'The cookie: of the session (`header`, `introspect`: needed) or with the token (`jwt`; without it the Authorization header is read).',
      }),
    ),
    jwks: Type.Optional(
      Type.String({ maxLength: 2048, description: 'For `jwt`: the key set, a file or an http(s) address.' }),
    ),
    issuer: Type.Optional(Type.String({ maxLength: 512, description: 'For `jwt`: what `iss` must be.' })),
    audience: Type.Optional(Type.String({ maxLength: 512, description: 'For `jwt`: what `aud` must hold.' })),
    claim: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'For `jwt`: the claim that names the account; `sub` without this key.',
      }),
    ),
    onInvalid: Type.Optional(
      Type.Enum(['anonymous', 'refuse'], {
        description: 'For `jwt`: what becomes of a request with a bad token; `anonymous` without this key.',
      }),
    ),
    url: Type.Optional(
      Type.String({
        pattern: '^https?://[^#\\s]+$',
        maxLength: 2048,
        description:
          'For `introspect`: the endpoint, an http(s) address. It is asked with GET and this one cookie, and answers 200 with `{"account": "…"}`, or 204, 401 or 403 for nobody.',
      }),
    ),
    cache: Type.Optional(
      Type.String({
        pattern: DURATION,
        description:
          'For `introspect`: how long an answer is believed, 0s to 1d; `30s` without this key. A log-out that no response announces is seen this much later.',
      }),
    ),
    timeout: Type.Optional(
      Type.String({
        pattern: DURATION,
        description: 'For `introspect`: how long an answer is waited for; `2s` without this key.',
      }),
    ),
    concurrency: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description:
          'For `introspect`: questions under way at once, in each worker; one more counts as unanswered; 64 without this key.',
      }),
    ),
    onFailure: Type.Optional(
      Type.Enum(['anonymous', 'refuse'], {
        description:
          'For `introspect`: what becomes of a request when the endpoint does not answer; `anonymous` without this key.',
      }),
    ),
  },
  { ...strict, description: 'How the gateway knows the account.' },
);

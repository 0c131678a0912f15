import { Type } from 'typebox';

/**
 * The configuration file's schema: validation, defaults, and docs/configuration.md are all made from it.
 * Every `description` is what the page says.
 */

const strict = { additionalProperties: false } as const;
const duration = (value: string, description: string) =>
  Type.String({ pattern: '^\\d{1,9}(ms|s|m|h|d)$', default: value, description });
const bytes = (value: number, description: string) =>
  Type.Integer({ minimum: 1024, maximum: 1_048_576, default: value, description });
const name = (description: string) => Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$', description });
const port = (description: string) => Type.Integer({ minimum: 0, maximum: 65_535, description });
const section = <Properties extends Type.TProperties>(properties: Properties, description: string) =>
  Type.Object(properties, { ...strict, default: {}, description });

const listener = Type.Object(
  {
    name: name('Stands in each record, so keep it.'),
    host: Type.String({
      default: '0.0.0.0',
      description: 'The address to listen on; `::` listens on IPv4 and IPv6.',
    }),
    port: port('The port to listen on; 0 takes a free one.'),
    trustedProxies: Type.Array(Type.String({ description: 'An address or CIDR.' }), {
      default: [],
      maxItems: 1000,
      description:
        'Proxies that may say who their client is. Everybody else is taken for the client. Name your own proxies only: whoever is listed here can put words in the record.',
    }),
    forwardedHeader: Type.String({
      pattern: '^[a-z0-9-]{1,64}$',
      default: 'x-forwarded-for',
      description:
        "The one header that these proxies use, in lower case: `forwarded` (RFC 7239), `x-forwarded-for`, or a vendor's. It is walked from the right to the first untrusted hop.",
    }),
    clientPortHeader: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9-]{1,64}$',
        description:
          "A header of theirs with the client's port, in lower case. Without a port an answer can never be exact.",
      }),
    ),
  },
  { ...strict, description: 'A public port.' },
);

const identity = Type.Object(
  {
    mode: Type.Enum(['none', 'header', 'jwt'], {
      description:
        '`header`: responses carry `X-Shudi-Account`, which binds the session cookie to the account. `jwt`: a signed token names the account. `none`: only the events API tells.',
    }),
    cookie: Type.Optional(
      Type.String({
        pattern: "^[!#$%&'*+\\-.^_`|~0-9A-Za-z]{1,64}$",
        description:
          'The cookie: of the session (`header`, needed) or with the token (`jwt`; without it the Authorization header is read).',
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
  },
  { ...strict, description: 'How the gateway knows the account.' },
);

const route = Type.Object(
  {
    site: name('A name from `sites`.'),
    host: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9.-]{1,253}$',
        description: 'Only for this host name, lower case, without a port.',
      }),
    ),
    path: Type.String({
      pattern: '^/[\\x21-\\x7e]{0,255}$',
      default: '/',
      description: 'Only for targets under this path; the longest wins.',
    }),
    upstream: Type.String({
      pattern: '^http://[^/?#@]+/?$',
      description: 'The web service, as `http://host:port`.',
    }),
    identity,
  },
  { ...strict, description: 'Which requests go where.' },
);

const site = Type.Object(
  {
    name: name(
      'Account 42 of one site is not account 42 of another; the name stands in each record, so keep it.',
    ),
    language: Type.Enum(['zh', 'en'], { default: 'zh', description: 'The language of `X-IP-Region-Label`.' }),
    badgeBasis: Type.Enum(['publication', 'login', 'any'], {
      default: 'publication',
      description: 'Which acts set the region on a profile: publications, log-ins too, or any announced act.',
    }),
  },
  { ...strict, description: 'A community.' },
);

const override = Type.Object(
  {
    cidr: Type.String({ description: 'An address or CIDR.' }),
    region: Type.String({
      pattern: '^[A-Z]{2}(-[A-Z]{2})?$',
      description: 'A region code such as `CN-GD`, `CN-HK` or `US`.',
    }),
  },
  { ...strict, description: 'A correction of yours; it always wins.' },
);

export const CONFIG_SCHEMA = Type.Object(
  {
    data: Type.String({
      default: 'data',
      description: 'The data directory. Paths are relative to this file.',
    }),
    sites: Type.Array(site, {
      minItems: 1,
      maxItems: 1000,
      description: 'The communities behind this gateway.',
    }),
    gateway: Type.Object(
      {
        prefix: Type.String({
          pattern: '^/[A-Za-z0-9._~-]{1,63}$',
          default: '/.shudi',
          description: "Where the gateway's own routes lie (badges, health).",
        }),
        listeners: Type.Array(listener, { minItems: 1, maxItems: 64, description: 'Public ports.' }),
        routes: Type.Array(route, {
          minItems: 1,
          maxItems: 10_000,
          description: 'Exact hosts come before every host, longer paths before shorter ones.',
        }),
        limits: section(
          {
            headerBytes: bytes(16_384, 'The longest head of a request, bytes; more is 431.'),
            responseHeaderBytes: bytes(
              65_536,
              "The longest head of a web service's response, bytes; more is 502.",
            ),
            connections: Type.Integer({
              minimum: 1,
              maximum: 1_000_000,
              default: 50_000,
              description: 'Client connections of one listener at once.',
            }),
            claimedClients: Type.Integer({
              minimum: 1000,
              maximum: 10_000_000,
              default: 200_000,
              description:
                'Clients behind trusted proxies kept in mind at once; one more costs one more record.',
            }),
            claimedIdle: duration(
              '5m',
              'A client behind a trusted proxy that is silent for this long has ended.',
            ),
          },
          'Bounds.',
        ),
        timeouts: section(
          {
            requestHead: duration('20s', "For a request's head to arrive."),
            request: duration('5m', 'For a whole request to arrive.'),
            keepAlive: duration('65s', 'An idle client connection.'),
            upstreamConnect: duration('5s', 'To connect to a web service.'),
            upstreamHead: duration('60s', 'For the head of its response.'),
            upstreamIdle: duration('60s', 'Between pieces of its response.'),
          },
          'Time limits.',
        ),
      },
      { ...strict, description: 'The data plane.' },
    ),
    records: section(
      {
        durability: Type.Enum(['fsync', 'os'], {
          default: 'fsync',
          description:
            '`fsync`: a record is on stable storage before anything follows from it. `os`: it is with the operating system; a power loss may cost the last moments (docs/guarantees.md).',
        }),
      },
      'The records.',
    ),
    regions: section(
      {
        file: Type.Optional(
          Type.String({
            description:
              'The compiled region file (`shudi geo build`); without this key the one beside the program. A newer one is taken up without a restart.',
          }),
        ),
        overrides: Type.Array(override, {
          default: [],
          maxItems: 10_000,
          description: 'Corrections by CIDR; the longest prefix wins.',
        }),
        mainlandIpv6: Type.Enum(['country', 'unknown', 'last-province'], {
          default: 'country',
          description:
            "No accurate province data for mainland IPv6 exists: show the country, unknown, or the account's last province from IPv4.",
        }),
        lastProvinceDays: Type.Integer({
          minimum: 1,
          maximum: 3650,
          default: 90,
          description: 'For `last-province`: how old it may be, days.',
        }),
      },
      'IP regions.',
    ),
    trace: section(
      {
        assumedClockError: duration('1s', "Where a clock's error is not measured, it is taken to be this."),
        unshared: Type.Array(Type.String({ description: 'An address or CIDR.' }), {
          default: [],
          maxItems: 10_000,
          description:
            'Client addresses that serve one subscriber only: a question without a port may then be exact.',
        }),
      },
      'Answers.',
    ),
    control: section(
      {
        host: Type.String({
          default: '127.0.0.1',
          description: 'The control listener; keep it off the public network.',
        }),
        port: Type.Integer({
          minimum: 0,
          maximum: 65_535,
          default: 9080,
          description: 'Its port; 0 takes a free one.',
        }),
        hosts: Type.Array(Type.String({ pattern: '^[a-z0-9.-]{1,253}$' }), {
          default: [],
          maxItems: 100,
          description: 'Host names under which it is reached, beside loopback ones.',
        }),
      },
      'The control API.',
    ),
    disclosure: section(
      {
        grantExpiry: duration('24h', 'How long an approved request may wait to be executed.'),
      },
      'Disclosure.',
    ),
  },
  { ...strict, description: 'The configuration of `shudi serve`.' },
);

export type RawConfig = Type.Static<typeof CONFIG_SCHEMA>;

import { Type } from 'typebox';
import { collectorsSchema } from './config-collectors-schema.ts';
import { gatewaySchema } from './config-gateway-schema.ts';
import { duration, name, section, strict } from './schema-parts.ts';

/**
 * The configuration file's schema: validation, defaults, and docs/configuration.md are all made from it.
 * Every `description` is what the page says.
 */

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
    gateway: gatewaySchema,
    collectors: collectorsSchema,
    records: section(
      {
        durability: Type.Enum(['fsync', 'os'], {
          default: 'fsync',
          description:
            '`fsync`: a record is on stable storage before anything follows from it. `os`: it is with the operating system; a power loss may cost the last moments (docs/guarantees.md).',
        }),
        diskReserve: Type.Integer({
          minimum: 0,
          maximum: 2 ** 50,
          default: 2 ** 30,
          description:
            'Bytes of the data disk that stay free: below this nothing more is recorded, so nothing is forwarded (503), and what is stored stays whole. 0 switches it off.',
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

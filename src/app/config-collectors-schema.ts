import { Type } from 'typebox';
import { DIALECTS } from '../collectors/ipfix/dialects.ts';
import { VENDOR_NAMES } from '../collectors/syslog/vendors/index.ts';
import { duration, name, section, strict, whole } from './schema-parts.ts';

const file = (description: string) => Type.String({ minLength: 1, maxLength: 4096, description });
const cidrs = (description: string) =>
  Type.Array(Type.String({ description: 'An address or CIDR.' }), {
    default: [],
    maxItems: 10_000,
    description,
  });

/** What keys of a source are where the file has none of them. */
export const SOURCE_DEFAULTS = {
  silentAfter: '5m',
  zone: '+00:00',
  input: 'run',
  format: 'conntrack',
} as const;
export const RECEIVE_BUFFER = 33_554_432;

const source = Type.Object(
  {
    name: name('It stands in each record of the source, so keep it.'),
    protocol: Type.Enum(['ipfix', 'syslog', 'radius', 'conntrack'], {
      description:
        '`ipfix`: IPFIX and NetFlow v9. `syslog`: NAT log lines. `radius`: accounting of an access server. `conntrack`: Linux NAT on this machine, or its lines from a pipe or file.',
    }),
    from: cidrs(
      'Where it sends from, no other source of its protocol does; what comes from elsewhere is ignored and counted. Not for `conntrack`.',
    ),
    realm: Type.String({
      pattern: '^[A-Za-z0-9._-]{0,32}$',
      default: '',
      description:
        'The address space of its inside addresses, where two of them use the same ones. A lease answers for a translation of its own realm; an empty one for every realm.',
    }),
    silentAfter: duration(
      SOURCE_DEFAULTS.silentAfter,
      'IPFIX and syslog: after so long without anything the source is silent, and that time is a gap.',
    ),
    dialect: Type.Optional(
      Type.Enum([...DIALECTS], {
        description:
          'IPFIX: how it numbers its events; without this key it is recognised (docs/collectors.md).',
      }),
    ),
    vendor: Type.Optional(
      Type.Enum([...VENDOR_NAMES], {
        description: 'Syslog: whose lines it writes; without this key they are recognised.',
      }),
    ),
    zone: Type.String({
      pattern: '^[+-](0\\d|1[0-4]):[0-5]\\d$',
      default: SOURCE_DEFAULTS.zone,
      description: 'Syslog: the offset of stamps that tell none.',
    }),
    secretFile: Type.Optional(file('RADIUS: a file with the shared secret, readable by its owner only.')),
    site: Type.Optional(
      name(
        'RADIUS: under which the vault keeps its subscribers, as an account question names them; the name of the source without this key.',
      ),
    ),
    input: Type.Enum(['run', 'pipe', 'file'], {
      default: SOURCE_DEFAULTS.input,
      description:
        '`conntrack`: `run` starts `conntrack -E` here (root, or CAP_NET_ADMIN), `pipe` reads a named pipe, `file` what is appended to a file.',
    }),
    path: Type.Optional(file('`conntrack` with `pipe` or `file`: where that is.')),
    namespace: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,64}$',
        description:
          '`conntrack` with `run`: the network namespace in which the NAT is, by its `ip netns` name.',
      }),
    ),
    format: Type.Enum(['conntrack', 'ulogd'], {
      default: SOURCE_DEFAULTS.format,
      description: '`conntrack`: lines of `conntrack -E -o timestamp,id`, or the JSON of ulogd2.',
    }),
  },
  { ...strict, description: 'A device or program that tells of translations or leases.' },
);

const listener = Type.Object(
  {
    protocol: Type.Enum(['ipfix', 'syslog', 'radius'], { description: 'What is heard there.' }),
    transport: Type.Enum(['udp', 'tcp', 'tls'], { default: 'udp', description: 'RADIUS: `udp` only.' }),
    host: Type.String({ default: '127.0.0.1', description: 'The address to listen on.' }),
    port: Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description:
        'Usual ones: 4739 for IPFIX, 2055 for NetFlow, 514 for syslog, 6514 over TLS, 1813 for RADIUS.',
    }),
    receiveBuffer: whole(
      4096,
      2 ** 30,
      RECEIVE_BUFFER,
      'UDP: bytes that the system may hold for us; it may give less (`net.core.rmem_max`).',
    ),
    cert: Type.Optional(file('TLS: the certificate with its chain, PEM.')),
    key: Type.Optional(file('TLS: its key, PEM.')),
    clientCa: Type.Optional(
      file('TLS: only exporters with a certificate of this authority may connect, PEM.'),
    ),
  },
  { ...strict, description: 'A port that sources send to.' },
);

export const collectorsSchema = section(
  {
    own: cidrs(
      "The operator's own services, as NAT devices see them. Only towards these the destination of a translation is kept: it tells apart two clients whom a NAT has given the same port.",
    ),
    sources: Type.Array(source, { default: [], maxItems: 1000, description: 'Who tells.' }),
    listeners: Type.Array(listener, { default: [], maxItems: 100, description: 'Where they send to.' }),
  },
  'What NAT devices and access servers say (docs/collectors.md).',
);

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configDifference } from '../../src/app/config-diff.ts';
import { parseConfig } from '../../src/app/config-file.ts';
import { configOf } from '../../src/app/config.ts';
import type { CollectorsSettings } from '../../src/collectors/settings.ts';
import { ShudiError } from '../../src/model/errors.ts';
import { temporaryDirectory } from '../support/directory.ts';

const directory = temporaryDirectory();
for (const name of ['secrets', 'tls']) mkdirSync(join(directory, name));
const SECRET = 'a shared secret';
const PEM = { cert: 'the certificate', key: 'its key', clientCa: 'the authority' };
writeFileSync(join(directory, 'secrets/bras'), `${SECRET}\n`, { mode: 0o600 });
writeFileSync(join(directory, 'secrets/short'), '  seven77\n', { mode: 0o600 });
writeFileSync(join(directory, 'tls/collectors.pem'), PEM.cert);
writeFileSync(join(directory, 'tls/collectors.key'), PEM.key);
writeFileSync(join(directory, 'tls/exporters-ca.pem'), PEM.clientCa);

const HEAD = `sites: [{ name: forum }]
gateway:
  listeners: [{ name: public, port: 8080 }]
  routes: [{ site: forum, upstream: "http://127.0.0.1:3000", identity: { mode: none } }]
`;

const IPFIX = 'name: cgn, protocol: ipfix, from: [192.0.2.1]';
const SYSLOG = 'name: fw, protocol: syslog, from: [192.0.2.1]';
const RADIUS = 'name: bras, protocol: radius, from: [192.0.2.1], secretFile: secrets/bras';
const CONNTRACK = 'name: linux, protocol: conntrack';
const LISTENERS = ['ipfix', 'syslog', 'radius'].map(
  (protocol, index) => `protocol: ${protocol}, port: ${index + 1}`,
);
const TLS = 'protocol: ipfix, port: 4, transport: tls, cert: tls/collectors.pem, key: tls/collectors.key';

interface Pieces {
  readonly own?: string;
  readonly sources?: readonly string[];
  readonly listeners?: readonly string[];
}

/** One for each protocol that the sources send by. */
const heardBy = (sources: readonly string[]): readonly string[] =>
  LISTENERS.filter((listener) => sources.some((source) => source.includes(listener.split(',')[0] ?? '')));

/** Sources begin at line 8, listeners below them at line 9 + the number of sources. */
function text({ own = '[]', sources = [IPFIX], listeners = heardBy(sources) }: Pieces): string {
  const items = (list: readonly string[]): string =>
    list.length === 0 ? '    []\n' : list.map((item) => `    - { ${item} }\n`).join('');
  return `${HEAD}collectors:
  own: ${own}
  sources:
${items(sources)}  listeners:
${items(listeners)}`;
}

function settings(pieces: Pieces): CollectorsSettings {
  const { collectors } = configOf(parseConfig(text(pieces), 'shudi.yaml'), directory);
  if (collectors === null) throw new Error('there are no collectors');
  return collectors;
}

function fault(pieces: Pieces): ShudiError {
  try {
    settings(pieces);
  } catch (error) {
    if (error instanceof ShudiError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const sourceOf = (source: string) => settings({ sources: [source] }).sources[0];
/** Of each protocol that is sent to listeners. */
const SENDING = [IPFIX, SYSLOG, RADIUS];
const listenerOf = (listener: string) =>
  settings({ sources: SENDING, listeners: [...LISTENERS, listener] }).listeners.at(-1);

describe('the defaults', () => {
  it('of a configuration without sources are no collectors', () => {
    expect(configOf(parseConfig(HEAD, 'shudi.yaml'), directory).collectors).toBeNull();
  });

  it('of each kind of source', () => {
    const from = ['192.0.2.1'];
    expect(settings({ sources: [IPFIX, SYSLOG, RADIUS, CONNTRACK] }).sources).toEqual([
      { name: 'cgn', protocol: 'ipfix', from, realm: '', silentAfterMs: 300_000, dialect: null },
      {
        name: 'fw',
        protocol: 'syslog',
        from,
        realm: '',
        silentAfterMs: 300_000,
        vendor: null,
        zoneMinutes: 0,
      },
      {
        name: 'bras',
        protocol: 'radius',
        from,
        realm: '',
        silentAfterMs: null,
        secret: SECRET,
        site: 'bras',
      },
      {
        name: 'linux',
        protocol: 'conntrack',
        from: [],
        realm: '',
        silentAfterMs: null,
        format: 'conntrack',
        input: 'run',
        path: '',
        namespace: null,
      },
    ]);
  });

  it('of a listener: UDP on loopback, with 32 MiB of buffer', () => {
    expect(settings({ listeners: ['protocol: ipfix, port: 4739'] })).toMatchObject({
      own: [],
      listeners: [
        {
          protocol: 'ipfix',
          transport: 'udp',
          host: '127.0.0.1',
          port: 4739,
          receiveBufferBytes: 33_554_432,
          tls: null,
        },
      ],
    });
  });
});

describe('a source', () => {
  it('takes the keys of its protocol', () => {
    expect(sourceOf(`${IPFIX}, realm: a.B_c-9, dialect: nsel, silentAfter: 1500ms`)).toMatchObject({
      realm: 'a.B_c-9',
      dialect: 'nsel',
      silentAfterMs: 1500,
    });
    expect(sourceOf(`${SYSLOG}, vendor: mikrotik, silentAfter: 7d`)).toMatchObject({
      vendor: 'mikrotik',
      silentAfterMs: 604_800_000,
    });
    expect(sourceOf(`${RADIUS}, site: broadband`)).toMatchObject({ name: 'bras', site: 'broadband' });
    expect(sourceOf(`${CONNTRACK}, namespace: cgn.1`)).toMatchObject({ input: 'run', namespace: 'cgn.1' });
    expect(sourceOf(`${CONNTRACK}, input: pipe, path: run/events, format: ulogd`)).toMatchObject({
      input: 'pipe',
      path: join(directory, 'run/events'),
      format: 'ulogd',
    });
    expect(sourceOf(`${CONNTRACK}, input: file, path: /var/log/nat`)).toMatchObject({
      input: 'file',
      path: '/var/log/nat',
    });
  });

  it('takes addresses and CIDRs of both families, and so does `own`', () => {
    const list = ['192.0.2.1', '198.51.100.0/24', '2001:db8::1', '2001:db8::/32'];
    const { own, sources } = settings({
      own: JSON.stringify(list),
      sources: [`name: cgn, protocol: ipfix, from: ${JSON.stringify(list)}`],
    });
    expect(own).toEqual(list);
    expect(sources[0]?.from).toEqual(list);
  });

  it.each([
    ['+00:00', 0],
    ['-00:30', -30],
    ['+08:00', 480],
    ['-03:30', -210],
    ['+05:45', 345],
    ['+14:00', 840],
  ])('has its zone in minutes east of UTC: %s', (zone, zoneMinutes) => {
    expect(sourceOf(`${SYSLOG}, zone: "${zone}"`)).toMatchObject({ zoneMinutes });
  });

  it('may say what holds anyway', () => {
    expect(sourceOf(`${RADIUS}, silentAfter: 5m, zone: "+00:00", input: run`)).toEqual(sourceOf(RADIUS));
  });

  for (const [what, source, says] of [
    ['no name', 'protocol: conntrack', 'sources[0]: the key name is missing'],
    ['no protocol', 'name: a', 'sources[0]: the key protocol is missing'],
    ['another protocol', 'name: a, protocol: sflow', 'sources[0].protocol: must be one of ipfix, syslog'],
    ['a name in upper case', 'name: CGN, protocol: conntrack', 'sources[0].name: must match pattern'],
    ["the gateway's name", 'name: gateway, protocol: conntrack', '[0].name: is the name of another source'],
    ['a key that nobody knows', `${IPFIX}, secret: x`, 'sources[0].secret: there is no such key'],
    ['a realm with a slash', `${IPFIX}, realm: a/b`, 'sources[0].realm: must match pattern'],
    ['anybody as sender', 'name: a, protocol: ipfix', 'sources[0].from: is missing: anybody could send'],
    ['a sender that is none', 'name: a, protocol: ipfix, from: [cgn]', 'from[0]: is not an address or CIDR'],
    [
      'bits behind the prefix',
      'name: a, protocol: syslog, from: [192.0.2.1, 192.0.2.1/24]',
      'sources[0].from[1]: is not an address or CIDR (no bits may be set',
    ],
    [
      'all of IPv6',
      'name: a, protocol: ipfix, from: ["::/0"]',
      'sources[0].from[0]: would hold every address there is',
    ],
    [
      'all of IPv4 within IPv6',
      'name: a, protocol: ipfix, from: ["::/64"]',
      'sources[0].from[0]: would hold every address of IPv4',
    ],
    ['senders of its own machine', `${CONNTRACK}, from: [192.0.2.1]`, 'sources[0].from: has no place here'],
    ['another dialect', `${IPFIX}, dialect: cisco`, 'sources[0].dialect: must be one of rfc8158, hsl'],
    ['another vendor', `${SYSLOG}, vendor: acme`, 'sources[0].vendor: must be one of junos'],
    ['silence at once', `${IPFIX}, silentAfter: 0s`, 'sources[0].silentAfter: must be from 1ms to 7d'],
    ['silence too late', `${SYSLOG}, silentAfter: 8d`, 'sources[0].silentAfter: must be from 1ms to 7d'],
    ['silence without a unit', `${IPFIX}, silentAfter: "5"`, 'sources[0].silentAfter: must match pattern'],
    ['a zone by name', `${SYSLOG}, zone: CST`, 'sources[0].zone: must match pattern'],
    ['a zone without a sign', `${SYSLOG}, zone: "08:00"`, 'sources[0].zone: must match pattern'],
    ['a zone that is none', `${SYSLOG}, zone: "+15:00"`, 'sources[0].zone: must match pattern'],
    ['a dialect of syslog', `${SYSLOG}, dialect: hsl`, 'sources[0].dialect: goes with `ipfix` only'],
    ['a vendor of IPFIX', `${IPFIX}, vendor: asa`, 'sources[0].vendor: goes with `syslog` only'],
    ['a zone of IPFIX', `${IPFIX}, zone: "+08:00"`, 'sources[0].zone: goes with `syslog` only'],
    ['a secret of IPFIX', `${IPFIX}, secretFile: x`, 'sources[0].secretFile: goes with `radius` only'],
    ['a site of syslog', `${SYSLOG}, site: x`, 'sources[0].site: goes with `radius` only'],
    ['a path of RADIUS', `${RADIUS}, path: x`, 'sources[0].path: goes with `conntrack` only'],
    ['a namespace of IPFIX', `${IPFIX}, namespace: x`, 'sources[0].namespace: goes with `conntrack` only'],
    ['an input of RADIUS', `${RADIUS}, input: file`, 'sources[0].input: goes with `conntrack` only'],
    ['a format of syslog', `${SYSLOG}, format: ulogd`, 'sources[0].format: goes with `conntrack` only'],
    [
      'silence of RADIUS',
      `${RADIUS}, silentAfter: 1m`,
      'sources[0].silentAfter: goes with `ipfix` and `syslog` only',
    ],
    ['silence of conntrack', `${CONNTRACK}, silentAfter: 1m`, 'sources[0].silentAfter: goes with `ipfix`'],
    ['a pipe without a path', `${CONNTRACK}, input: pipe`, 'sources[0].path: is missing: where is the pipe?'],
    ['a file without a path', `${CONNTRACK}, input: file`, 'sources[0].path: is missing: where is the file?'],
    ['a path of a command', `${CONNTRACK}, path: x`, 'sources[0].path: goes with `pipe` and `file` only'],
    [
      'a namespace of a pipe',
      `${CONNTRACK}, input: pipe, path: x, namespace: y`,
      'sources[0].namespace: goes with `run` only',
    ],
    ['a namespace by path', `${CONNTRACK}, namespace: ../x`, 'sources[0].namespace: must match pattern'],
  ] as const)
    it(`is refused, naming file, line and key: ${what}`, () => {
      const error = fault({ sources: [source] });
      expect(error.message).toContain(says);
      expect(error).toMatchObject({ code: 'config.invalid', where: 'shudi.yaml:8' });
    });

  const FIRST = 'name: one, protocol: ipfix';
  const SECOND = 'name: two, protocol: ipfix';

  it.each([
    ['the same', '192.0.2.1', '192.0.2.1'],
    ['one within the other', '192.0.2.0/24', '192.0.2.77'],
    ['the other within the one', '192.0.2.128/25', '192.0.2.0/24'],
    ['an IPv4-mapped one', '192.0.2.0/24', '::ffff:192.0.2.9'],
    ['IPv4-mapped networks', '::ffff:192.0.2.0/120', '192.0.2.0/25'],
    ['another spelling', '2001:db8::1', '2001:DB8:0:0:0:0:0:1/128'],
    ['IPv6 networks', '2001:db8::/32', '2001:db8:ffff::/48'],
  ])('is refused whose senders are those of another: %s', (_name, one, two) => {
    const error = fault({
      sources: [
        `${FIRST}, from: ["198.51.100.1", "${one}", "192.0.3.0/24"]`,
        SYSLOG,
        `${SECOND}, from: ["2001:db8:1::/64", "198.51.100.0/32", "203.0.113.0/24", "${two}"]`.replace(
          two.startsWith('2001') ? '2001:db8:1::/64' : '-',
          '2001:db9::/64',
        ),
      ],
    });
    expect(error.message).toContain(
      `collectors.sources[2].from[3]: ${two} of two overlaps ${one} of one: whose would be what comes from there?`,
    );
    expect(error).toMatchObject({ code: 'config.invalid', where: 'shudi.yaml:10' });
  });

  it('may have senders within its own, those of another protocol, and the ones beside them', () => {
    const sources = [
      `${FIRST}, from: [192.0.2.0/25, 192.0.2.1, "::ffff:192.0.2.1", 192.0.2.0/25]`,
      `${SECOND}, from: [192.0.2.128/25, "2001:db8::/32", "::192.0.2.1"]`,
      SYSLOG,
      RADIUS,
    ];
    expect(settings({ sources }).sources).toHaveLength(4);
  });

  it('is refused under the name of another, at the second of them', () => {
    const error = fault({ sources: [CONNTRACK, 'name: linux, protocol: ipfix, from: [192.0.2.2]'] });
    expect(error.message).toContain('collectors.sources[1].name: is the name of another source');
    expect(error.where).toBe('shudi.yaml:9');
  });

  it.each(['ipfix', 'syslog', 'radius'])(
    'is refused where no listener hears its protocol: %s',
    (protocol) => {
      const error = fault({
        sources: SENDING,
        listeners: LISTENERS.filter((listener) => !listener.includes(protocol)),
      });
      const index = ['ipfix', 'syslog', 'radius'].indexOf(protocol);
      expect(error.message).toContain(
        `collectors.sources[${index}].protocol: no listener hears this protocol`,
      );
      expect(error.where).toBe(`shudi.yaml:${8 + index}`);
    },
  );

  it('needs no listener where it reads for itself', () => {
    expect(settings({ sources: [CONNTRACK], listeners: [] }).listeners).toEqual([]);
  });

  it('would keep the destination of everybody with `own: [0.0.0.0/0]`', () => {
    const error = fault({ own: '[192.0.2.1, 0.0.0.0/0]' });
    expect(error.message).toContain('collectors.own[1]: would hold every address there is');
    expect(error.where).toBe('shudi.yaml:6');
    expect(fault({ own: '[here]' }).message).toContain('collectors.own[0]: is not an address or CIDR');
  });
});

describe('a RADIUS source', () => {
  const radius = 'protocol: radius, from: [192.0.2.1]';

  for (const [what, source, says] of [
    ['no secret', `name: bras, ${radius}`, 'sources[0].secretFile: is missing'],
    ['a secret that is not there', `name: bras, ${radius}, secretFile: none`, 'secretFile: cannot be read'],
    ['a directory as a secret', `name: bras, ${radius}, secretFile: tls`, 'secretFile: cannot be read'],
    [
      'a secret of seven characters between blanks',
      `name: bras, ${radius}, secretFile: secrets/short`,
      'sources[0].secretFile: holds fewer than 8 characters',
    ],
    [
      "a community's name",
      `name: forum, ${radius}, secretFile: secrets/bras`,
      'sources[0].name: is a community of this gateway',
    ],
    [
      "a community's name as its site",
      `name: bras, ${radius}, secretFile: secrets/bras, site: forum`,
      'sources[0].site: is a community of this gateway',
    ],
  ] as const)
    it(`is refused with ${what}`, () => {
      const error = fault({ sources: [source] });
      expect(error.message).toContain(says);
      expect(error.message).not.toContain('seven77');
      expect(error).toMatchObject({ code: 'config.invalid', where: 'shudi.yaml:8' });
    });

  it('of which no other kind shares the rule: a NAT device may be called as a community is', () => {
    expect(sourceOf('name: forum, protocol: conntrack')).toMatchObject({ name: 'forum' });
  });

  it('may share its subscribers with another', () => {
    const other = RADIUS.replace('name: bras', 'name: second').replace('192.0.2.1', '192.0.2.2');
    expect(settings({ sources: [`${RADIUS}, site: isp`, `${other}, site: isp`] }).sources).toMatchObject([
      { name: 'bras', site: 'isp' },
      { name: 'second', site: 'isp' },
    ]);
  });
});

describe('a listener', () => {
  it('reads its certificates', () => {
    expect(listenerOf(TLS)).toMatchObject({
      transport: 'tls',
      tls: { cert: PEM.cert, key: PEM.key, clientCa: null },
    });
    expect(listenerOf(`${TLS}, clientCa: tls/exporters-ca.pem`)?.tls?.clientCa).toBe(PEM.clientCa);
    expect(listenerOf('protocol: syslog, port: 0, transport: tcp, host: "::"')).toMatchObject({
      transport: 'tcp',
      host: '::',
      port: 0,
      tls: null,
    });
  });

  for (const [what, listener, says] of [
    ['no port', 'protocol: ipfix', 'listeners[3]: the key port is missing'],
    ['a port beyond all', 'protocol: ipfix, port: 65536', 'listeners[3].port: must be <= 65535'],
    ['what needs no port', 'protocol: conntrack, port: 1', 'listeners[3].protocol: must be one of ipfix'],
    ['a key that nobody knows', 'protocol: ipfix, port: 1, from: []', 'listeners[3].from: there is no such'],
    ['a name as its address', 'protocol: ipfix, port: 1, host: localhost', '[3].host: is not an IP address'],
    ['another transport', 'protocol: ipfix, port: 1, transport: sctp', '[3].transport: must be one of udp'],
    [
      'RADIUS over TCP',
      'protocol: radius, port: 1, transport: tcp',
      'listeners[3].transport: RADIUS is heard over UDP only',
    ],
    ['a certificate of UDP', 'protocol: ipfix, port: 1, cert: x', 'listeners[3].cert: goes with `tls` only'],
    [
      'a key of TCP',
      'protocol: ipfix, port: 1, transport: tcp, key: x',
      'listeners[3].key: goes with `tls` only',
    ],
    ['an authority of UDP', 'protocol: syslog, port: 1, clientCa: x', '[3].clientCa: goes with `tls` only'],
    ['TLS without a certificate', 'protocol: ipfix, port: 1, transport: tls', '[3].cert: is missing'],
    ['TLS without a key', 'protocol: ipfix, port: 1, transport: tls, cert: x', '[3].key: is missing'],
    ['a certificate that is not there', TLS.replace('.pem', '.no'), 'listeners[3].cert: cannot be read'],
    ['a key that is not there', TLS.replace('.key', '.no'), 'listeners[3].key: cannot be read'],
    ['an authority that is not there', `${TLS}, clientCa: no`, 'listeners[3].clientCa: cannot be read'],
    [
      'a buffer of TCP',
      'protocol: ipfix, port: 1, transport: tcp, receiveBuffer: 8192',
      'listeners[3].receiveBuffer: goes with `udp` only',
    ],
    ['no buffer', 'protocol: ipfix, port: 1, receiveBuffer: 0', '[3].receiveBuffer: must be >= 4096'],
  ] as const)
    it(`is refused, naming file, line and key: ${what}`, () => {
      const error = fault({ sources: SENDING, listeners: [...LISTENERS, listener] });
      expect(error.message).toContain(says);
      expect(error).toMatchObject({ code: 'config.invalid', where: 'shudi.yaml:15' });
    });

  it.each(['ipfix', 'syslog', 'radius'])('is refused where no source sends to it: %s', (protocol) => {
    const sources = [...SENDING.filter((source) => !source.includes(protocol)), CONNTRACK];
    const error = fault({ sources, listeners: LISTENERS });
    const index = ['ipfix', 'syslog', 'radius'].indexOf(protocol);
    expect(error.message).toContain(
      `collectors.listeners[${index}].protocol: no source sends by this protocol`,
    );
    expect(error).toMatchObject({ code: 'config.invalid', where: `shudi.yaml:${12 + index}` });
    expect(fault({ sources: [], listeners: [LISTENERS[index] ?? ''] }).message).toContain('no source sends');
  });
});

describe('a change', () => {
  const before = parseConfig(text({}), 'shudi.yaml').raw;
  const difference = (pieces: Pieces) =>
    configDifference(before, parseConfig(text(pieces), 'shudi.yaml').raw);

  it.each([
    ['one more source', { sources: [IPFIX, CONNTRACK] }, ['collectors.sources[1]']],
    ['a sender', { sources: [IPFIX.replace('192.0.2.1', '192.0.2.9')] }, ['collectors.sources[0].from[0]']],
    ['a dialect', { sources: [`${IPFIX}, dialect: hsl`] }, ['collectors.sources[0].dialect']],
    ['one more listener', { listeners: LISTENERS.slice(0, 2) }, ['collectors.listeners[1]']],
    ['an address of ours', { own: '[192.0.2.1]' }, ['collectors.own[0]']],
  ])('needs a restart: %s', (_, pieces, keys) => {
    expect(difference(pieces)).toEqual({ changed: keys, needsRestart: keys });
  });

  it('that changes nothing needs none', () => {
    expect(difference({ sources: [`${IPFIX}, silentAfter: 5m`] })).toEqual({ changed: [], needsRestart: [] });
  });
});

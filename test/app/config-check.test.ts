import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/app/check/findings.ts';
import { gatewayFindings } from '../../src/app/check/gateway.ts';
import {
  machineFacts,
  machineFindings,
  mayBindIn,
  openFilesIn,
  type MachineFacts,
} from '../../src/app/check/machine.ts';
import { networkFindings } from '../../src/app/check/network.ts';
import { checkCommand } from '../../src/app/commands/check.ts';
import { configOf, type Config } from '../../src/app/config.ts';
import { parseConfig, type ConfigFile } from '../../src/app/config-file.ts';
import { DAY_MS, systemClock, type Millis } from '../../src/model/time.ts';
import { makeCertificate } from '../gateway/tls/make-certificate.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { hasTool } from '../support/tools.ts';

const directory = temporaryDirectory();

interface Pieces {
  readonly listener?: string;
  readonly route?: string;
  readonly identity?: string;
  readonly upstream?: string;
  readonly rest?: string;
}

/** The listener's own lines begin at line 6, the route's at 9 where the listener has none. */
function text({
  listener = '',
  route = '',
  identity = '{ mode: none }',
  upstream = 'http://127.0.0.1:1',
  rest = '',
}: Pieces) {
  return `sites: [{ name: forum }]
gateway:
  listeners:
    - name: public
      port: 8443
${listener}  routes:
    - site: forum
      upstream: ${upstream}
${route}      identity: ${identity}
${rest}`;
}

function loaded(pieces: Pieces): [Config, ConfigFile] {
  const file = parseConfig(text(pieces), 'shudi.yaml');
  return [configOf(file, directory), file];
}

const wrong = (findings: readonly Finding[]): readonly Finding[] =>
  findings.filter(({ level }) => level !== 'ok');
const gateway = (pieces: Pieces): readonly Finding[] => wrong(gatewayFindings(...loaded(pieces)));
const network = (pieces: Pieces): Promise<readonly Finding[]> => networkFindings(...loaded(pieces));

async function listening(server: Server): Promise<{ port: number } & AsyncDisposable> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function answering(listener: RequestListener): Promise<{ port: number } & AsyncDisposable> {
  const server = createHttpServer(listener);
  const { port } = await listening(server);
  return {
    port,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

describe('what the configuration itself says', () => {
  it('a plain one gives nothing', () => {
    expect(gateway({})).toEqual([]);
  });

  it.each([
    ['a whole /8', '10.0.0.0/8'],
    ['more than that', '128.0.0.0/1'],
    ['a provider’s IPv6', '2001:db8::/32'],
  ])('trusting %s is a warning, at its line', (_, cidr) => {
    for (const [listener, key, line] of [
      [`      trustedProxies:\n        - 192.0.2.1\n        - '${cidr}'\n`, 'trustedProxies[1]', 8],
      [`      proxyProtocol:\n        from: ['${cidr}']\n`, 'proxyProtocol.from[0]', 7],
    ] as const)
      expect(gateway({ listener })).toMatchObject([
        { level: 'warn', key: `gateway.listeners[0].${key}`, where: `shudi.yaml:${line}` },
      ]);
  });

  it('trusting something narrower is none', () => {
    expect(gateway({ listener: "      trustedProxies: [10.0.0.0/9, '2001:db8::/33']\n" })).toEqual([]);
  });

  it('pooled egress is a warning', () => {
    expect(gateway({ route: '      egress: pooled\n' })).toMatchObject([
      {
        level: 'warn',
        key: 'gateway.routes[0].egress',
        where: 'shudi.yaml:9',
        text: expect.stringContaining('ambiguous'),
      },
    ]);
  });

  it.each(['requestsPerClient', 'requestsPerAccount', 'recordsPerClient'])(
    '%s switched off is a warning',
    (key) => {
      expect(gateway({ rest: `  limits:\n    ${key}: off\n` })).toMatchObject([
        { level: 'warn', key: `gateway.limits.${key}`, where: 'shudi.yaml:11' },
      ]);
    },
  );

  it.each([
    ['is not there', null, 'ENOENT'],
    ['is no JSON', '{', 'it is no JSON'],
    ['has no keys', '{}', 'it has no list of keys'],
    ['holds none', '{"keys":[]}', 'it holds no key'],
  ])('a key set that %s is a fault', (what, content, says) => {
    const name = `${what.replaceAll(' ', '-')}.json`;
    if (content !== null) writeFileSync(join(directory, name), content);
    const identity = `{ mode: jwt, jwks: ${name} }`;
    expect(gateway({ identity })).toMatchObject([
      {
        level: 'fault',
        key: 'gateway.routes[0].identity.jwks',
        where: 'shudi.yaml:9',
        text: expect.stringContaining(says),
      },
    ]);
  });

  it('a key set with a key is fine', () => {
    writeFileSync(join(directory, 'keys.json'), '{"keys":[{"kty":"OKP"}]}');
    expect(gateway({ identity: '{ mode: jwt, jwks: keys.json }' })).toEqual([]);
  });
});

describe.runIf(hasTool('openssl'))('certificates', () => {
  const tls = (...names: string[]): Pieces => ({
    listener: `      tls:\n        certificates:\n${names.map((name) => `          - cert: ${name}.pem\n            key: ${name}.key\n`).join('')}`,
  });
  const CERTIFICATES = 'gateway.listeners[0].tls.certificates';

  it('a sound one is told with its names and days', () => {
    makeCertificate(directory, 'sound', { names: 'DNS:bbs.example,IP:192.0.2.1', days: 100 });
    expect(gatewayFindings(...loaded(tls('sound')))).toMatchObject([
      {
        level: 'ok',
        key: `${CERTIFICATES}[0]`,
        text: expect.stringMatching(/^bbs\.example, 192\.0\.2\.1; (99|100) days left$/),
      },
    ]);
  });

  it('one that expires in less than 14 days is a warning, one that has expired a fault', () => {
    makeCertificate(directory, 'short', { names: 'DNS:bbs.example', days: 13 });
    const [config, file] = loaded(tls('short'));
    expect(wrong(gatewayFindings(config, file))).toMatchObject([
      {
        level: 'warn',
        key: `${CERTIFICATES}[0].cert`,
        where: 'shudi.yaml:8',
        text: expect.stringContaining('14 days'),
      },
    ]);
    const later = (): Millis => (systemClock() + 14 * DAY_MS) as Millis;
    expect(wrong(gatewayFindings(config, file, later))).toMatchObject([
      { level: 'fault', key: `${CERTIFICATES}[0].cert`, text: expect.stringContaining('expired') },
    ]);
  });

  it('a key that everybody can read is a warning, at the key’s line', () => {
    const { key } = makeCertificate(directory, 'open', { names: 'DNS:bbs.example' });
    chmodSync(key, 0o644);
    expect(gateway(tls('open'))).toMatchObject([
      { level: 'warn', key: `${CERTIFICATES}[0].key`, where: 'shudi.yaml:9' },
    ]);
  });

  it('each that cannot be used is a fault of its own, beside the sound ones', () => {
    makeCertificate(directory, 'good', { names: 'DNS:bbs.example' });
    makeCertificate(directory, 'nameless');
    makeCertificate(directory, 'other', { names: 'DNS:other.example' });
    const swapped = makeCertificate(directory, 'swapped', { names: 'DNS:bbs.example' });
    writeFileSync(join(directory, 'torn.pem'), 'none');
    writeFileSync(join(directory, 'torn.key'), 'none');
    const pieces = {
      listener: `${tls('good', 'nameless', 'torn', 'missing').listener ?? ''}          - cert: ${swapped.cert}\n            key: other.key\n`,
    };
    expect(gateway(pieces)).toMatchObject([
      { level: 'fault', key: `${CERTIFICATES}[1].cert`, where: 'shudi.yaml:10' },
      { level: 'fault', key: `${CERTIFICATES}[2].cert`, where: 'shudi.yaml:12' },
      { level: 'fault', key: `${CERTIFICATES}[3].cert`, where: 'shudi.yaml:14' },
      { level: 'fault', key: `${CERTIFICATES}[4].key`, where: 'shudi.yaml:17' },
    ]);
  });

  it('a name that stands in two is a warning', () => {
    makeCertificate(directory, 'first', { names: 'DNS:a.example' });
    makeCertificate(directory, 'second', { names: 'DNS:a.example,DNS:b.example' });
    expect(gateway(tls('first', 'second'))).toMatchObject([
      { level: 'warn', key: `${CERTIFICATES}[1].cert`, where: 'shudi.yaml:10' },
    ]);
  });
});

describe('what answers over the network', () => {
  it('an upstream that accepts is fine, and is asked once for all its routes', async () => {
    let connections = 0;
    await using web = await listening(
      createServer((socket) => {
        connections += 1;
        socket.destroy();
      }),
    );
    const upstream = `http://127.0.0.1:${web.port}`;
    const rest = `    - { site: forum, path: /b, upstream: "${upstream}", identity: { mode: none } }\n`;
    expect(await network({ upstream, rest })).toMatchObject([
      { level: 'ok', key: 'gateway.routes[0].upstream' },
    ]);
    await expect.poll(() => connections).toBe(1);
  });

  it('one that accepts no connection is a warning, at its line', async () => {
    const gone = await listening(createServer());
    const upstream = `http://127.0.0.1:${gone.port}`;
    await gone[Symbol.asyncDispose]();
    expect(await network({ upstream })).toMatchObject([
      {
        level: 'warn',
        key: 'gateway.routes[0].upstream',
        where: 'shudi.yaml:8',
        text: 'accepts no connection (ECONNREFUSED)',
      },
    ]);
  });

  it('a host name that is none is a warning', async () => {
    expect(await network({ upstream: 'http://nowhere.invalid:3000' })).toMatchObject([
      { level: 'warn', text: 'the host name does not resolve' },
    ]);
  });

  it.each<[string, RequestListener, string | null]>([
    ['says nobody', (_, response) => response.writeHead(204).end(), null],
    ['refuses the cookie', (_, response) => response.writeHead(401).end(), null],
    ['has no such page', (_, response) => response.writeHead(404).end(), 'does not answer as it should'],
    ['drops the connection', (request) => request.socket.destroy(), 'does not answer as it should'],
    ['does not answer in time', () => undefined, 'does not answer as it should'],
    ['knows everybody', (_, response) => response.end('{"account":"root"}'), 'a cookie that nobody has'],
  ])('an introspection endpoint that %s', async (_, listener, says) => {
    await using web = await answering(listener);
    const upstream = `http://127.0.0.1:${web.port}`;
    const identity = `{ mode: introspect, url: "${upstream}/whoami", cookie: sid, timeout: 200ms }`;
    const found = (await network({ upstream, identity })).find(
      ({ key }) => key?.endsWith('identity.url') === true,
    );
    expect(found).toMatchObject({ level: says === null ? 'ok' : 'warn', where: 'shudi.yaml:9' });
    if (says !== null) expect(found?.text).toContain(says);
  });

  it.each<[string, RequestListener, string | null]>([
    ['is there', (_, response) => response.end('{"keys":[{"kty":"OKP"}]}'), null],
    ['is empty', (_, response) => response.end('{"keys":[]}'), 'it holds no key'],
    ['is not found', (_, response) => response.writeHead(404).end(), 'status 404'],
    ['is too long', (_, response) => response.end(' '.repeat(1_048_577)), 'too long'],
    ['is elsewhere', (_, response) => response.writeHead(302, { location: '/' }).end(), 'cannot be fetched'],
  ])('a key set by address that %s', async (_, listener, says) => {
    await using web = await answering(listener);
    const upstream = `http://127.0.0.1:${web.port}`;
    const found = (await network({ upstream, identity: `{ mode: jwt, jwks: "${upstream}/keys" }` })).find(
      ({ key }) => key?.endsWith('identity.jwks') === true,
    );
    expect(found?.level).toBe(says === null ? 'ok' : 'warn');
    if (says !== null) expect(found?.text).toContain(says);
  });

  it('thousands of places are not all asked, and that is said', async () => {
    await using web = await listening(createServer((socket) => socket.destroy()));
    const rest = Array.from(
      { length: 250 },
      (_, index) =>
        `    - { site: forum, path: /${index}, upstream: "http://127.0.0.1:${index === 0 ? web.port : index + 1}", identity: { mode: none } }\n`,
    ).join('');
    const found = await network({ rest });
    expect(found).toHaveLength(201);
    expect(found.at(-1)).toMatchObject({
      level: 'warn',
      text: expect.stringMatching(/only the first 200 of 2\d\d/),
    });
  });
});

describe('what the machine grants', () => {
  const PLENTY: MachineFacts = {
    diskFree: 2 ** 40,
    openFiles: 1_000_000,
    firstFreePort: 1024,
    mayBindAnyPort: false,
  };
  const machine = (pieces: Pieces, facts: Partial<MachineFacts> = {}): readonly Finding[] =>
    wrong(machineFindings(...loaded(pieces), { ...PLENTY, ...facts }));

  it('plenty is fine, and what cannot be read is not guessed', () => {
    expect(machine({})).toEqual([]);
    const unknown = { diskFree: null, openFiles: null, firstFreePort: null };
    expect(machine({ listener: '    - { name: b, port: 443 }\n' }, unknown)).toEqual([]);
  });

  it('a port that needs a right which is not there is a warning', () => {
    const listener = '    - name: tls\n      port: 443\n    - name: any\n      port: 0\n';
    expect(machine({ listener })).toMatchObject([
      { level: 'warn', key: 'gateway.listeners[1].port', where: 'shudi.yaml:7' },
    ]);
    expect(machine({ listener }, { mayBindAnyPort: true })).toEqual([]);
    expect(machine({ listener }, { firstFreePort: 443 })).toEqual([]);
  });

  it('a disk below the reserve is a fault, near it a warning, without a reserve a warning', () => {
    const rest = 'records:\n  diskReserve: 1048576\n';
    expect(machine({ rest }, { diskFree: 1_048_576 })).toMatchObject([
      { level: 'fault', key: 'records.diskReserve', where: 'shudi.yaml:11' },
    ]);
    expect(machine({ rest }, { diskFree: 2_097_152 })).toMatchObject([{ level: 'warn' }]);
    expect(machine({ rest }, { diskFree: 2_097_153 })).toEqual([]);
    expect(machine({ rest: 'records: { diskReserve: 0 }\n' })).toMatchObject([{ level: 'warn' }]);
  });

  it('fewer open files than the connections need is a warning, workers counted', () => {
    const limits = (workers: number): Pieces => ({
      rest: `  workers: ${workers}\n  limits:\n    connections: 100\n`,
    });
    expect(machine(limits(2), { openFiles: 399 })).toMatchObject([
      {
        level: 'warn',
        key: 'gateway.limits.connections',
        where: 'shudi.yaml:12',
        text: expect.stringContaining('400'),
      },
    ]);
    expect(machine(limits(2), { openFiles: 400 })).toEqual([]);
    expect(machine(limits(1), { openFiles: 200 })).toEqual([]);
  });

  it('the kernel’s files are read as they are written', () => {
    expect(
      openFilesIn(
        'Max processes   5   6   processes\nMax open files            1024                 4096                 files     \n',
      ),
    ).toBe(1024);
    expect(
      openFilesIn('Max open files            unlimited            unlimited            files     \n'),
    ).toBe(Number.POSITIVE_INFINITY);
    expect(openFilesIn('')).toBeNull();
    expect(mayBindIn('CapPrm:\t0000000000000000\nCapEff:\t0000000000000400\n')).toBe(true);
    expect(mayBindIn('CapEff:\t000001fffffffbff\n')).toBe(false);
    expect(mayBindIn('')).toBe(false);
  });

  it('this machine’s facts are read, also for a directory that is not made yet', () => {
    const facts = machineFacts(join(directory, 'not', 'yet'));
    expect(facts.diskFree).toBeGreaterThan(0);
    expect(facts.openFiles).toBeGreaterThan(0);
    expect(facts.firstFreePort).toBeGreaterThanOrEqual(0);
  });
});

describe('the command', () => {
  const run = async (pieces: Pieces, ...more: string[]): Promise<{ status: number; out: string }> => {
    const place = join(directory, 'command');
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'shudi.yaml'), text(pieces));
    let out = '';
    const status = await checkCommand(['--config', 'shudi.yaml', ...more], {
      environment: {},
      directory: place,
      write: (written) => (out += written),
      complain: (written) => (out += written),
    });
    return { status, out };
  };

  it('warnings do not fail it, and are told with file and line', async () => {
    const { status, out } = await run({ route: '      egress: pooled\n' });
    expect(status).toBe(0);
    expect(out).toMatch(/^warn {2}gateway\.routes\[0\]\.egress: .*\(\/.*\/command\/shudi\.yaml:9\)$/m);
    expect(out).toMatch(/^warn {2}gateway\.routes\[0\]\.upstream: accepts no connection/m);
  });

  it('a fault fails it, and JSON holds key and place', async () => {
    const { status, out } = await run({ identity: '{ mode: jwt, jwks: nowhere.json }' }, '--json');
    expect(status).toBe(2);
    const document: unknown = JSON.parse(out);
    expect(document).toMatchObject({
      ok: false,
      findings: expect.arrayContaining([
        expect.objectContaining({
          level: 'fault',
          key: 'gateway.routes[0].identity.jwks',
          where: expect.stringMatching(/shudi\.yaml:9$/),
        }),
      ]),
    });
  });
});

import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configOf, type Config } from '../../src/app/config.ts';
import { parseConfig } from '../../src/app/config-file.ts';
import { ShudiError } from '../../src/model/errors.ts';

interface Pieces {
  readonly listener?: string;
  readonly route?: string;
  readonly identity?: string;
  readonly gateway?: string;
  readonly rest?: string;
}

/** A configuration with lines put in; the listener begins at line 5, the route and the rest follow. */
function text({ listener = '', route = '', identity, gateway = '', rest = '' }: Pieces = {}): string {
  return `sites: [{ name: forum }]
gateway:
  listeners:
    - name: public
      port: 8443
${listener}  routes:
    - site: forum
      upstream: http://127.0.0.1:3000
${route}      identity: ${identity ?? '{ mode: none }'}
${gateway}${rest}`;
}

const config = (pieces?: Pieces): Config => configOf(parseConfig(text(pieces), 'shudi.yaml'), '/base');

function fault(pieces: Pieces): ShudiError {
  try {
    config(pieces);
  } catch (error) {
    if (error instanceof ShudiError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const listenerOf = (listener: string) => config({ listener }).gateway.listeners[0];
const routeOf = (pieces: Pieces) => config(pieces).gateway.routes[0];

describe('the gateway’s defaults', () => {
  const { gateway, workers, diskReserveBytes, raw } = config();

  it('are a plain listener, a dedicated route and these limits', () => {
    expect(gateway.listeners[0]).toEqual({
      name: 'public',
      host: '0.0.0.0',
      port: 8443,
      tls: null,
      proxyProtocol: null,
      trustedProxies: [],
      forwardedHeader: 'x-forwarded-for',
      clientPortHeader: null,
    });
    expect(gateway.routes[0]).toMatchObject({
      egress: 'dedicated',
      bodyBytes: 104_857_600,
      upgrades: ['websocket'],
      refuseUnderscores: false,
      identity: { mode: 'none' },
    });
    expect(gateway.limits).toEqual({
      headerBytes: 16_384,
      headerCount: 100,
      targetBytes: 8192,
      responseHeaderBytes: 65_536,
      connections: 50_000,
      connectionsPerClient: 1000,
      requestsPerClient: { burst: 5000, perMinute: 60_000 },
      requestsPerAccount: { burst: 1000, perMinute: 6000 },
      recordsPerClient: { burst: 20_000, perMinute: 6000 },
      claimedClients: 200_000,
      claimedIdleMs: 300_000,
      pooledConnections: 256,
    });
    expect(gateway.timeouts).toEqual({
      requestHeadMs: 20_000,
      bodyIdleMs: 30_000,
      requestMs: 600_000,
      sendIdleMs: 60_000,
      keepAliveMs: 65_000,
      tunnelIdleMs: 3_600_000,
      connectMs: 5000,
      headMs: 60_000,
      idleMs: 60_000,
      upstreamKeepAliveMs: 4000,
      drainMs: 30_000,
    });
  });

  it('are one worker and a reserve of one GiB, and the file as read is kept', () => {
    expect(workers).toBe(1);
    expect(gateway.reusePort).toBe(false);
    expect(diskReserveBytes).toBe(1_073_741_824);
    expect(raw.gateway.timeouts.drain).toBe('30s');
  });
});

describe('a listener', () => {
  it('takes certificates by paths relative to the file', () => {
    expect(
      listenerOf(
        '      tls:\n        certificates: [{ cert: tls/a.pem, key: /keys/a.key }, { cert: b.pem, key: b.key }]\n        minVersion: TLSv1.3\n',
      )?.tls,
    ).toEqual({
      certificates: [
        { cert: '/base/tls/a.pem', key: '/keys/a.key' },
        { cert: '/base/b.pem', key: '/base/b.key' },
      ],
      minVersion: 'TLSv1.3',
    });
    expect(listenerOf('      tls: { certificates: [{ cert: a, key: b }] }\n')?.tls?.minVersion).toBe(
      'TLSv1.2',
    );
  });

  it('takes the PROXY protocol, with its defaults', () => {
    expect(listenerOf('      proxyProtocol: { from: [192.0.2.0/24] }\n')?.proxyProtocol).toEqual({
      from: ['192.0.2.0/24'],
      headerBytes: 536,
      timeoutMs: 5000,
    });
    expect(
      listenerOf('      proxyProtocol: { from: ["2001:db8::1"], headerBytes: 108, timeout: 250ms }\n')
        ?.proxyProtocol,
    ).toEqual({ from: ['2001:db8::1'], headerBytes: 108, timeoutMs: 250 });
  });

  for (const [what, listener, line, says] of [
    ['TLS without a certificate', '      tls: { certificates: [] }\n', 6, 'listeners[0].tls.certificates'],
    ['TLS without the list', '      tls: {}\n', 6, 'the key certificates is missing'],
    [
      'a certificate without a key',
      '      tls: { certificates: [{ cert: a.pem }] }\n',
      6,
      'the key key is missing',
    ],
    [
      'TLS that is too old',
      '      tls:\n        certificates: [{ cert: a, key: b }]\n        minVersion: TLSv1.1\n',
      8,
      'must be one of TLSv1.2, TLSv1.3',
    ],
    [
      'a PROXY protocol from nobody',
      '      proxyProtocol: { from: [] }\n',
      6,
      'listeners[0].proxyProtocol.from',
    ],
    [
      'a PROXY protocol from everybody',
      '      proxyProtocol:\n        from:\n          - 192.0.2.1\n          - ::/0\n',
      9,
      'proxyProtocol.from[1]: would hold every address there is',
    ],
    [
      'a PROXY protocol from what is no address',
      '      proxyProtocol: { from: [balancer] }\n',
      6,
      'proxyProtocol.from[0]: is not an address or CIDR',
    ],
    [
      'a PROXY header that is too short for any',
      '      proxyProtocol: { from: [192.0.2.1], headerBytes: 107 }\n',
      6,
      'headerBytes: must be >= 108',
    ],
    [
      'a PROXY header without time',
      '      proxyProtocol: { from: [192.0.2.1], timeout: 0s }\n',
      6,
      'proxyProtocol.timeout: must be from 1ms to 7d',
    ],
    [
      'a PROXY protocol beside trusted proxies',
      '      proxyProtocol: { from: [192.0.2.1] }\n      trustedProxies: [192.0.2.1]\n',
      7,
      'gateway.listeners[0].trustedProxies: has no place beside proxyProtocol',
    ],
  ] as const)
    it(`is refused, naming file, line and key: ${what}`, () => {
      const error = fault({ listener });
      expect(error.message).toContain(says);
      expect(error).toMatchObject({ code: 'config.invalid', where: `shudi.yaml:${line}` });
    });
});

describe('a route', () => {
  it('takes egress, bodies up to 1 TiB, upgrades and underscores', () => {
    expect(
      routeOf({
        route:
          '      egress: pooled\n      bodyBytes: 1099511627776\n      upgrades: [websocket, foo/2]\n      refuseUnderscores: true\n',
      }),
    ).toMatchObject({
      egress: 'pooled',
      bodyBytes: 2 ** 40,
      upgrades: ['websocket', 'foo/2'],
      refuseUnderscores: true,
    });
    expect(routeOf({ route: '      upgrades: []\n      bodyBytes: 0\n' })).toMatchObject({
      upgrades: [],
      bodyBytes: 0,
    });
  });

  for (const [what, route, says] of [
    ['an egress that is none', '      egress: shared\n', 'must be one of dedicated, pooled'],
    ['a body above 1 TiB', '      bodyBytes: 1099511627777\n', 'bodyBytes: must be <= 1099511627776'],
    ['h2c', '      upgrades: [websocket, h2c]\n', 'upgrades[1]: is refused'],
    ['HTTP/2 by name', '      upgrades: [http/2]\n', 'upgrades[0]: is refused'],
    ['any other HTTP', '      upgrades: [http/2.0]\n', 'upgrades[0]: is refused'],
    ['an upgrade in upper case', '      upgrades: [WebSocket]\n', 'upgrades[0]: must match pattern'],
    ['an upgrade that is no token', '      upgrades: ["a b"]\n', 'upgrades[0]: must match pattern'],
    ['a text for a switch', '      refuseUnderscores: "yes"\n', 'refuseUnderscores: must be boolean'],
  ] as const)
    it(`is refused, naming file, line and key: ${what}`, () => {
      const error = fault({ route });
      expect(error.message).toContain(says);
      expect(error).toMatchObject({ code: 'config.invalid', where: 'shudi.yaml:9' });
    });
});

describe('introspection', () => {
  it('has its defaults, and takes its own', () => {
    expect(
      routeOf({ identity: '{ mode: introspect, url: "http://127.0.0.1:3000/whoami", cookie: sid }' })
        ?.identity,
    ).toEqual({
      mode: 'introspect',
      url: 'http://127.0.0.1:3000/whoami',
      cookie: 'sid',
      cacheMs: 30_000,
      timeoutMs: 2000,
      concurrency: 64,
      onFailure: 'anonymous',
    });
    expect(
      routeOf({
        identity:
          '{ mode: introspect, url: "https://id.example/@me", cookie: sid, cache: 0s, timeout: 500ms, concurrency: 8, onFailure: refuse }',
      })?.identity,
    ).toMatchObject({ cacheMs: 0, timeoutMs: 500, concurrency: 8, onFailure: 'refuse' });
  });

  const introspect = (more: string): string => `{ mode: introspect, ${more} }`;
  const URL = 'url: "http://127.0.0.1/w"';
  for (const [what, identity, says] of [
    ['no cookie', introspect(URL), 'mode introspect needs the name of the session cookie'],
    ['no endpoint', introspect('cookie: sid'), 'mode introspect needs the endpoint (url)'],
    [
      'an endpoint that is not http',
      introspect('cookie: sid, url: "ftp://x/"'),
      'identity.url: must match pattern',
    ],
    [
      'an endpoint that is none',
      introspect('cookie: sid, url: "http://[::/"'),
      'identity.url: is not an http(s)',
    ],
    [
      'an endpoint with a password',
      introspect('cookie: sid, url: "http://a:b@x/"'),
      'must hold no name and password',
    ],
    [
      'an answer believed too long',
      introspect(`cookie: sid, ${URL}, cache: 25h`),
      'identity.cache: is more than a day',
    ],
    [
      'no time to answer',
      introspect(`cookie: sid, ${URL}, timeout: 0s`),
      'identity.timeout: must be from 1ms to 1m',
    ],
    [
      'no question at all',
      introspect(`cookie: sid, ${URL}, concurrency: 0`),
      'identity.concurrency: must be >= 1',
    ],
    [
      'a key of jwt',
      introspect(`cookie: sid, ${URL}, issuer: x`),
      'issuer: has no meaning with mode introspect',
    ],
    [
      'its key with jwt',
      '{ mode: jwt, jwks: k.json, onFailure: refuse }',
      'onFailure: has no meaning with mode jwt',
    ],
    ['its key with none', '{ mode: none, cache: 1s }', 'cache: has no meaning with mode none'],
  ] as const)
    it(`is refused, naming file, line and key: ${what}`, () => {
      const error = fault({ identity });
      expect(error.message).toContain(says);
      expect(error).toMatchObject({ code: 'config.invalid', where: 'shudi.yaml:9' });
    });
});

describe('limits, timeouts and workers', () => {
  it('rates are given whole or switched off', () => {
    const { limits } = config({
      gateway:
        '  limits:\n    requestsPerClient: { burst: 10, perMinute: 60 }\n    requestsPerAccount: off\n    recordsPerClient: off\n',
    }).gateway;
    expect(limits.requestsPerClient).toEqual({ burst: 10, perMinute: 60 });
    expect(limits.requestsPerAccount).toBeNull();
    expect(limits.recordsPerClient).toBeNull();
  });

  it('several workers share each port, as many as the machine has where that is asked', () => {
    const three = config({ gateway: '  workers: 3\n' });
    expect([three.workers, three.gateway.reusePort]).toEqual([3, true]);
    const auto = config({ gateway: '  workers: auto\n' });
    expect(auto.workers).toBe(Math.min(32, availableParallelism()));
    expect(auto.gateway.reusePort).toBe(auto.workers > 1);
  });

  it('the disk reserve is a number of bytes, 0 for none', () => {
    expect(config({ rest: 'records: { diskReserve: 0 }\n' }).diskReserveBytes).toBe(0);
    expect(config({ rest: 'records: { diskReserve: 4096 }\n' }).diskReserveBytes).toBe(4096);
  });

  for (const [what, gateway, line, says] of [
    ['half a rate', '  limits:\n    requestsPerClient: { burst: 10 }\n', 11, 'the key perMinute is missing'],
    [
      'a rate of none',
      '  limits:\n    recordsPerClient: { burst: 0, perMinute: 1 }\n',
      11,
      'burst: must be >= 1',
    ],
    ['a rate that is a number', '  limits:\n    requestsPerAccount: 5\n', 11, 'must be object or off'],
    [
      'a rate with more',
      '  limits:\n    requestsPerClient: { burst: 1, perMinute: 1, perHour: 1 }\n',
      11,
      'perHour: there is no such key',
    ],
    ['no workers', '  workers: 0\n', 10, 'gateway.workers: must be >= 1'],
    ['too many workers', '  workers: 33\n', 10, 'gateway.workers: must be <= 32'],
    ['workers by another word', '  workers: all\n', 10, 'gateway.workers: must be integer or auto'],
    [
      'a head that is too short for any',
      '  limits: { headerBytes: 1023 }\n',
      10,
      'headerBytes: must be >= 1024',
    ],
    ['no header lines', '  limits: { headerCount: 0 }\n', 10, 'headerCount: must be >= 1'],
    ['a target that is too short', '  limits: { targetBytes: 63 }\n', 10, 'targetBytes: must be >= 64'],
    [
      'no connections of a client',
      '  limits: { connectionsPerClient: 0 }\n',
      10,
      'connectionsPerClient: must be >= 1',
    ],
    ['a pool below nothing', '  limits: { pooledConnections: -1 }\n', 10, 'pooledConnections: must be >= 0'],
    [
      'a timeout of nothing',
      '  timeouts: { keepAlive: 0s }\n',
      10,
      'gateway.timeouts.keepAlive: must be from 1ms to 7d',
    ],
    [
      'a timeout that a timer cannot hold',
      '  timeouts: { tunnelIdle: 25d }\n',
      10,
      'tunnelIdle: must be from 1ms to 7d',
    ],
    [
      'a client that has ended at once',
      '  limits: { claimedIdle: 0s }\n',
      10,
      'claimedIdle: must be from 1ms to 7d',
    ],
  ] as const)
    it(`are refused, naming file, line and key: ${what}`, () => {
      const error = fault({ gateway });
      expect(error.message).toContain(says);
      expect(error).toMatchObject({ code: 'config.invalid', where: `shudi.yaml:${line}` });
    });

  it('a reserve below nothing is refused', () => {
    expect(fault({ rest: 'records: { diskReserve: -1 }\n' })).toMatchObject({
      code: 'config.invalid',
      where: 'shudi.yaml:10',
    });
  });

  it('every timeout of the schema reaches the gateway under its own name', () => {
    const names = Object.keys(config().raw.gateway.timeouts);
    const gateway = `  timeouts:\n${names.map((name, index) => `    ${name}: ${index + 1}ms\n`).join('')}`;
    const values = Object.values(config({ gateway }).gateway.timeouts);
    expect(values.toSorted((a, b) => a - b)).toEqual(names.map((_, index) => index + 1));
    // `off` is a word in this YAML, not a false.
    expect(parse('a: off')).toEqual({ a: 'off' });
  });
});

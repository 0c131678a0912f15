import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configOf, loadConfig } from '../../src/app/config.ts';
import { parseConfig } from '../../src/app/config-file.ts';
import { ShudiError } from '../../src/model/errors.ts';

const GOOD = `data: data
sites:
  - name: forum
gateway:
  listeners:
    - name: public
      port: 8080
      trustedProxies: [192.0.2.0/24]
  routes:
    - site: forum
      upstream: http://127.0.0.1:3000
      identity:
        mode: header
        cookie: sid
`;

function fault(text: string): ShudiError {
  try {
    configOf(parseConfig(text, 'shudi.yaml'), '/base');
  } catch (error) {
    if (error instanceof ShudiError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const change = (from: string, to: string): string => {
  expect(GOOD).toContain(from);
  return GOOD.replace(from, to);
};

describe('configuration', () => {
  it('fills in defaults, absolute paths and milliseconds', () => {
    const config = configOf(parseConfig(GOOD, 'shudi.yaml'), '/base');
    expect(config.dataDirectory).toBe('/base/data');
    expect(config.gateway.prefix).toBe('/.shudi');
    expect(config.gateway.timeouts.keepAliveMs).toBe(65_000);
    expect(config.gateway.listeners[0]).toMatchObject({
      host: '0.0.0.0',
      port: 8080,
      forwardedHeader: 'x-forwarded-for',
      clientPortHeader: null,
    });
    expect(config.gateway.routes[0]).toMatchObject({
      site: 'forum',
      path: '/',
      upstream: { host: '127.0.0.1', port: 3000 },
      identity: { mode: 'header', cookie: 'sid' },
      badgeBasis: 'publication',
      language: 'zh',
    });
    expect(config.durability).toBe('fsync');
    expect(config.control).toEqual({ host: '127.0.0.1', port: 9080, hosts: [] });
  });

  for (const [what, text, line, says] of [
    [
      'an unknown key',
      change('    - name: public\n', '    - name: public\n      colour: red\n'),
      7,
      'gateway.listeners[0].colour: there is no such key',
    ],
    ['an unknown key at the top', `${GOOD}extra: 1\n`, 15, 'extra: there is no such key'],
    [
      'a port that is too large',
      change('port: 8080', 'port: 80800'),
      7,
      'gateway.listeners[0].port: must be <= 65535',
    ],
    ['a wrong type', change('port: 8080', 'port: eighty'), 7, 'gateway.listeners[0].port: must be integer'],
    [
      'a value that is not one of the allowed',
      change('mode: header', 'mode: magic'),
      13,
      'must be one of none, header, jwt, introspect',
    ],
    [
      'a missing key',
      change('      upstream: http://127.0.0.1:3000\n', ''),
      10,
      'the key upstream is missing',
    ],
    [
      'a site that is not there',
      change('site: forum', 'site: other'),
      10,
      'gateway.routes[0].site: no site has this name',
    ],
    [
      'a cookie that is needed',
      change('        cookie: sid\n', ''),
      12,
      'needs the name of the session cookie',
    ],
    [
      'a key without meaning',
      change('cookie: sid', 'cookie: sid\n        issuer: x'),
      15,
      'has no meaning with mode header',
    ],
    ['a CIDR that is none', change('192.0.2.0/24', '192.0.2.0/33'), 8, 'is not an address or CIDR'],
    ['everybody trusted', change('192.0.2.0/24', '0.0.0.0/0'), 8, 'would hold every address there is'],
    [
      'an upstream with a password',
      change('http://127.0.0.1:3000', 'http://a:b@127.0.0.1:3000'),
      11,
      'gateway.routes[0].upstream',
    ],
    [
      'two listeners of one name',
      change('  routes:', '    - name: public\n      port: 8081\n  routes:'),
      9,
      'two listeners have this name',
    ],
    ['a duration without a unit', `${GOOD}disclosure:\n  grantExpiry: 24\n`, 16, 'disclosure.grantExpiry'],
    [
      'a region that is none',
      `${GOOD}regions:\n  overrides:\n    - { cidr: 192.0.2.1, region: XQ-ZZ }\n`,
      17,
      'there is no such region',
    ],
  ] as const) {
    it(`names file, line and key: ${what}`, () => {
      const error = fault(text);
      expect(error.code).toBe('config.invalid');
      expect(error.message).toContain(says);
      expect(error.where).toBe(`shudi.yaml:${line}`);
    });
  }

  it('names the line of broken YAML and of a key that stands twice', () => {
    expect(fault('data: [1, 2\nsites: 3\n')).toMatchObject({ code: 'config.syntax' });
    expect(fault(`${GOOD}data: again\n`)).toMatchObject({ code: 'config.syntax', where: 'shudi.yaml:15' });
  });

  it('refuses an alias bomb', () => {
    const bomb = [
      'a0: &a0 [1,1,1,1,1,1,1,1,1]',
      ...Array.from(
        { length: 8 },
        (_, i) => `a${i + 1}: &a${i + 1} [*a${i},*a${i},*a${i},*a${i},*a${i},*a${i},*a${i},*a${i},*a${i}]`,
      ),
    ].join('\n');
    expect(fault(bomb).code).toBe('config.syntax');
  });

  it('any text gives a configuration or a ShudiError, never anything else', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(...GOOD.split('\n'), '- x', ': :', '  {', '\t', '%', '&a *a', '!!binary x'),
          { maxLength: 20 },
        ),
        (lines) => {
          try {
            configOf(parseConfig(lines.join('\n'), 'x.yaml'), '/');
          } catch (error) {
            expect(error).toBeInstanceOf(ShudiError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  for (const name of ['demo.yaml', 'shudi.yaml', 'container.yaml']) {
    it(`examples/${name} is valid`, () => {
      const path = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
      expect(readFileSync(path, 'utf8')).not.toBe('');
      expect(loadConfig(path).gateway.routes).toHaveLength(1);
    });
  }

  it('a file that is not there is named', () => {
    expect(() => loadConfig('/nowhere/shudi.yaml')).toThrowError(
      expect.objectContaining({ code: 'config.unreadable', where: '/nowhere/shudi.yaml' }),
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configDifference } from '../../src/app/config-diff.ts';
import { parseConfig } from '../../src/app/config-file.ts';
import type { RawConfig } from '../../src/app/config-schema.ts';

const route = (port: number): string =>
  `    - { site: forum, host: h${port}.example, upstream: "http://127.0.0.1:${port}", identity: { mode: none } }\n`;

const TEXT = `data: data
sites:
  - { name: forum }
  - { name: shop }
gateway:
  listeners:
    - { name: public, port: 8080 }
  routes:
${[1, 2, 3].map(route).join('')}`;

const raw = (text: string): RawConfig => parseConfig(text, 'shudi.yaml').raw;

function difference(from: string, to: string) {
  expect(TEXT).toContain(from);
  return configDifference(raw(TEXT), raw(TEXT.replace(from, to)));
}

describe('the difference between two configurations', () => {
  it('of the same is nothing, and a default that is written out is the same', () => {
    expect(configDifference(raw(TEXT), raw(TEXT))).toEqual({ changed: [], needsRestart: [] });
    expect(difference('port: 8080', 'port: 8080, host: 0.0.0.0').changed).toEqual([]);
  });

  it('names keys and never a value', () => {
    const found = difference('http://127.0.0.1:3', 'http://192.0.2.77:3');
    expect(found).toEqual({ changed: ['gateway.routes[2].upstream'], needsRestart: [] });
    expect(JSON.stringify(found)).not.toContain('192.0.2.77');
  });

  it.each([
    ['a listener’s port', 'port: 8080', 'port: 8081', ['gateway.listeners[0].port']],
    [
      'a certificate',
      'port: 8080',
      'port: 8080, tls: { certificates: [{ cert: a, key: b }] }',
      ['gateway.listeners[0].tls'],
    ],
    ['one more listener', '  routes:', '    - { name: more, port: 1 }\n  routes:', ['gateway.listeners[1]']],
    ['one route less', route(3), '', ['gateway.routes[2]']],
    [
      'a limit',
      '  routes:',
      '  limits: { requestsPerClient: { burst: 1, perMinute: 60000 } }\n  routes:',
      ['gateway.limits.requestsPerClient.burst'],
    ],
    [
      'a limit that is switched off',
      '  routes:',
      '  limits: { requestsPerClient: off }\n  routes:',
      ['gateway.limits.requestsPerClient'],
    ],
    ['a timeout', '  routes:', '  timeouts: { drain: 1s }\n  routes:', ['gateway.timeouts.drain']],
    ['the prefix', 'gateway:', 'gateway:\n  prefix: /.own', ['gateway.prefix']],
    ['one more site', '  - { name: shop }', '  - { name: shop }\n  - { name: third }', ['sites[2]']],
    ['a site’s language', '{ name: shop }', '{ name: shop, language: en }', ['sites[1].language']],
  ])('a reload puts in force: %s', (_, from, to, changed) => {
    expect(difference(from, to)).toEqual({ changed, needsRestart: [] });
  });

  it.each([
    ['the data directory', 'data: data', 'data: other', ['data']],
    ['the durability', 'data: data', 'data: data\nrecords: { durability: os }', ['records.durability']],
    ['the disk reserve', 'data: data', 'data: data\nrecords: { diskReserve: 1 }', ['records.diskReserve']],
    ['the control listener', 'data: data', 'data: data\ncontrol: { port: 1 }', ['control.port']],
    ['a control host', 'data: data', 'data: data\ncontrol: { hosts: [a] }', ['control.hosts[0]']],
    ['the workers', 'gateway:', 'gateway:\n  workers: auto', ['gateway.workers']],
    ['disclosure', 'data: data', 'data: data\ndisclosure: { grantExpiry: 1h }', ['disclosure.grantExpiry']],
    ['trace', 'data: data', 'data: data\ntrace: { assumedClockError: 2s }', ['trace.assumedClockError']],
    ['regions', 'data: data', 'data: data\nregions: { file: a.mmdb }', ['regions.file']],
  ])('only a restart puts in force: %s', (_, from, to, changed) => {
    expect(difference(from, to)).toEqual({ changed, needsRestart: changed });
  });

  it('a site that goes needs a restart, wherever it stood; one that moves does not', () => {
    expect(difference('  - { name: shop }\n', '')).toEqual({
      changed: ['sites[1]'],
      needsRestart: ['sites[1].name'],
    });
    expect(difference('{ name: shop }', '{ name: store }').needsRestart).toEqual(['sites[1].name']);
    const swapped = difference(
      '  - { name: forum }\n  - { name: shop }',
      '  - { name: shop }\n  - { name: forum }',
    );
    expect(swapped).toEqual({ changed: ['sites[0].name', 'sites[1].name'], needsRestart: [] });
  });

  it('is bounded, and a restart that is needed is not lost behind the bound', () => {
    const many = TEXT + Array.from({ length: 500 }, (_, index) => route(index + 10)).join('');
    const found = configDifference(raw(TEXT), raw(`${many}records: { durability: os }\n`));
    expect(found.changed).toHaveLength(200);
    expect(found.needsRestart).toEqual(['records.durability']);
  });

  it('names exactly the ports that differ', () => {
    const ports = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 });
    const of = (list: readonly number[]): RawConfig =>
      raw(`sites: [{ name: a }]
gateway:
  listeners: [${list.map((port, index) => `{ name: l${index}, port: ${port} }`).join(', ')}]
  routes: [{ site: a, upstream: "http://x", identity: { mode: none } }]
`);
    fc.assert(
      fc.property(ports, ports, (before, after) => {
        const expected = Array.from({ length: Math.max(before.length, after.length) }, (_, index) => {
          if (before[index] === after[index]) return null;
          const whole = before[index] === undefined || after[index] === undefined;
          return `gateway.listeners[${index}]${whole ? '' : '.port'}`;
        }).filter((path) => path !== null);
        expect(configDifference(of(before), of(after))).toEqual({ changed: expected, needsRestart: [] });
      }),
      { numRuns: 50 },
    );
  });
});

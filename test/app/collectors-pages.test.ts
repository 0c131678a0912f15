import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { collectorFindings } from '../../src/app/check/collectors.ts';
import { parseConfig } from '../../src/app/config-file.ts';
import { configOf } from '../../src/app/config.ts';
import { temporaryDirectory } from '../support/directory.ts';

const directory = temporaryDirectory();
for (const name of ['secrets', 'tls']) mkdirSync(join(directory, name));
writeFileSync(join(directory, 'secrets/bras'), 'a shared secret', { mode: 0o600 });
for (const name of ['collectors.pem', 'collectors.key', 'exporters-ca.pem'])
  writeFileSync(join(directory, 'tls', name), 'a file');

const HEAD = `sites: [{ name: forum }]
gateway:
  listeners: [{ name: public, port: 8080 }]
  routes: [{ site: forum, upstream: "http://127.0.0.1:3000", identity: { mode: none } }]
`;

const page = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

describe('examples/collectors.yaml', () => {
  const example = page('examples/collectors.yaml');
  const file = parseConfig(example, 'collectors.yaml');

  it('is a configuration with every kind of source and listener', () => {
    const { collectors } = configOf(file, directory);
    expect(new Set(collectors?.sources.map(({ protocol }) => protocol))).toEqual(
      new Set(['ipfix', 'syslog', 'radius', 'conntrack']),
    );
    const kinds = collectors?.listeners.map(({ protocol, transport }) => `${protocol} ${transport}`);
    expect([...new Set(kinds)].toSorted()).toEqual([
      'ipfix tcp',
      'ipfix tls',
      'ipfix udp',
      'radius udp',
      'syslog tcp',
      'syslog tls',
      'syslog udp',
    ]);
  });

  it('lacks its secret and its certificates only', () => {
    for (const missing of [
      'secrets/bras',
      'tls/collectors.pem',
      'tls/collectors.key',
      'tls/exporters-ca.pem',
    ]) {
      expect(example).toContain(missing);
      const without = parseConfig(example.replaceAll(missing, 'not-there'), 'collectors.yaml');
      expect(() => configOf(without, directory)).toThrow(/: cannot be read$/);
    }
  });

  it('has nothing that `shudi check` warns of, on a machine that allows it', () => {
    const facts = {
      largestBuffer: 2 ** 30,
      hasCommand: () => true,
      isRoot: true,
      isOpenToOthers: () => false,
    };
    expect(collectorFindings(configOf(file, directory), file, facts).map(({ level }) => level)).toEqual([
      'ok',
    ]);
  });
});

describe('docs/collectors.md', () => {
  const doc = page('docs/collectors.md');
  const blocks = [...doc.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => ({
    line: doc.slice(0, match.index).split('\n').length,
    piece: match[1] ?? '',
  }));

  it('has examples', () => {
    expect(blocks.length).toBeGreaterThan(1);
  });

  it.each(blocks)('line $line is a configuration of collectors', ({ piece }) => {
    const whole: unknown = { ...parse(HEAD), ...parse(piece) };
    const { collectors } = configOf(parseConfig(JSON.stringify(whole), 'shudi.yaml'), directory);
    expect(collectors?.sources).not.toEqual([]);
  });

  it.each(['rfc8158', 'hsl', 'juniper-mx', 'asr9k', 'nokia', 'nsel', 'flow'])(
    'tells of the dialect %s',
    (name) => {
      expect(doc).toContain(`| \`${name}\``);
    },
  );
});

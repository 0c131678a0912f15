import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { collectorFacts, collectorFindings, type CollectorFacts } from '../../src/app/check/collectors.ts';
import { readConfigFile } from '../../src/app/config-file.ts';
import { configOf } from '../../src/app/config.ts';
import { temporaryDirectory } from '../support/directory.ts';

const root = temporaryDirectory();
const FINE: CollectorFacts = {
  largestBuffer: 1 << 30,
  hasCommand: () => true,
  isRoot: true,
  isOpenToOthers: () => false,
};

function findings(facts: Partial<CollectorFacts>): string[] {
  const directory = mkdtempSync(join(root, 'd-'));
  writeFileSync(join(directory, 'secret'), 'a shared secret', { mode: 0o644 });
  const path = join(directory, 'shudi.yaml');
  writeFileSync(
    path,
    JSON.stringify({
      sites: [{ name: 'forum' }],
      gateway: {
        listeners: [{ name: 'public', host: '127.0.0.1', port: 8080 }],
        routes: [
          {
            site: 'forum',
            path: '/',
            upstream: 'http://127.0.0.1:3000',
            identity: { mode: 'header', cookie: 'sid' },
          },
        ],
      },
      collectors: {
        sources: [
          { name: 'linux', protocol: 'conntrack' },
          { name: 'pipe', protocol: 'conntrack', input: 'pipe', path: 'events' },
          { name: 'isp', protocol: 'radius', from: ['192.0.2.1'], secretFile: 'secret' },
        ],
        listeners: [{ protocol: 'radius', host: '127.0.0.1', port: 1813 }],
      },
    }),
  );
  const file = readConfigFile(path);
  const real = collectorFacts(directory);
  return collectorFindings(configOf(file, directory), file, {
    ...FINE,
    isOpenToOthers: real.isOpenToOthers,
    ...facts,
  })
    .filter(({ level }) => level !== 'ok')
    .map(({ subject, text }) => `${subject}: ${text}`);
}

it('what a machine lacks for the collectors is told at its key', () => {
  const secret = 'collectors.sources[2].secretFile: others can read it; set its mode to 0600';
  expect(findings({})).toEqual([secret]);
  expect(findings({ isOpenToOthers: () => false })).toEqual([]);
  expect(findings({ isRoot: false })).toContain(
    'collectors.sources[0]: conntrack needs root, or CAP_NET_ADMIN',
  );
  expect(findings({ hasCommand: () => false })).toEqual([
    'collectors.sources[0]: /usr/sbin/conntrack is not there; install the package conntrack',
    expect.stringContaining('events is not there yet'),
    secret,
  ]);
  expect(findings({ largestBuffer: 212_992 })[0]).toContain('net.core.rmem_max');
  expect(findings({ largestBuffer: null })).toEqual([secret]);
});

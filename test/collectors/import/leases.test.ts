import { describe, expect, it } from 'vitest';
import type { IpAddress } from '../../../src/model/address.ts';
import type { Millis } from '../../../src/model/time.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { fileMaker, importWorld } from './import-world.ts';

const file = fileMaker(temporaryDirectory());
const AT = Date.UTC(2026, 2, 1, 8) as Millis;

/** Whether a lease that a table tells is found by an address. */
async function found(prefix: string, address: string): Promise<boolean | string> {
  const { run, reader } = importWorld();
  const { rejections } = await run([file('a.csv', `time,subscriber,address\n${AT},anna,${prefix}\n`)]);
  if (rejections.length > 0) return rejections.map(([reason]) => reason).join();
  const { total } = await reader.leases(address as IpAddress, { from: AT, to: AT }, 10);
  return total === 1;
}

describe('a lease of a table', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3/32', '10.1.2.3', true],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['2001:db8:1::/48', '2001:db8:1:2::3', true],
    ['2001::/16', '2001:db8::1', true],
    // No question looks for a shorter one.
    ['10.0.0.0/7', '10.1.2.3', 'csv-prefix'],
    ['2000::/15', '2001:db8::1', 'csv-prefix'],
    ['0.0.0.0/1', '10.1.2.3', 'csv-prefix'],
    // An address within a prefix names neither.
    ['10.1.2.3/24', '10.1.2.3', 'csv-prefix'],
    ['2001:db8::1/64', '2001:db8::1', 'csv-prefix'],
    ['10.0.0.0/33', '10.0.0.0', 'csv-address'],
    ['10.0.0.0/x', '10.0.0.0', 'csv-address'],
  ])('of %s, asked by %s: %s', async (prefix, address, expected) => {
    expect(await found(prefix, address)).toBe(expected);
  });
});

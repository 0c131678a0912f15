import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTrust, type ClientClaim, type TrustOptions } from '../../src/gateway/client/client-address.ts';
import { canonicalAddress, canonicalPort, type Endpoint, type IpAddress } from '../../src/model/address.ts';
import { SEEDED } from '../support/seed.ts';

const PEER: Endpoint = { address: '10.0.0.1' as IpAddress, port: canonicalPort('5000') };
const XFF: TrustOptions = {
  trustedProxies: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
  forwardedHeader: 'x-forwarded-for',
  clientPortHeader: null,
};
const FORWARDED: TrustOptions = { ...XFF, forwardedHeader: 'forwarded' };

function claim(options: TrustOptions, headers: NodeJS.Dict<string | string[]>): ClientClaim {
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' ? value : value?.join(', ');
  };
  return createTrust(options).clientBehind(PEER, header);
}
const xff = (value: string) => claim(XFF, { 'x-forwarded-for': value });
const forwarded = (value: string) => claim(FORWARDED, { forwarded: value });
const is = (address: string, port: number | null, verdict: string) => ({
  client: { address, port },
  verdict,
});

describe('X-Forwarded-For', () => {
  it.each([
    ['1.2.3.4', is('1.2.3.4', null, 'forwarded')],
    ['6.6.6.6, 1.2.3.4', is('1.2.3.4', null, 'forwarded')],
    ['6.6.6.6, 1.2.3.4, 10.9.9.9', is('1.2.3.4', null, 'forwarded')],
    ['1.2.3.4:5678', is('1.2.3.4', 5678, 'forwarded')],
    ['2001:db8::1', is('2001:db8::1', null, 'forwarded')],
    ['2001:DB8:0:0::1', is('2001:db8::1', null, 'forwarded')],
    ['[2001:db8::1]', is('2001:db8::1', null, 'forwarded')],
    ['[2001:db8::1]:443', is('2001:db8::1', 443, 'forwarded')],
    ['::ffff:1.2.3.4', is('1.2.3.4', null, 'forwarded')],
    ['::ffff:10.1.1.1', is('10.1.1.1', null, 'unverified')],
    ['fe80::1%eth0', is('fe80::1', null, 'forwarded')],
    ['\t1.2.3.4 ', is('1.2.3.4', null, 'forwarded')],
    ['10.0.0.7, 192.0.2.1', is('10.0.0.7', null, 'unverified')],
    ['fd00::1', is('fd00::1', null, 'unverified')],
    ['', is('10.0.0.1', 5000, 'unverified')],
    ['unknown', is('10.0.0.1', 5000, 'unverified')],
    ['1.2.3.4, unknown', is('10.0.0.1', 5000, 'unverified')],
    ['1.2.3.4, unknown, 10.0.0.3', is('10.0.0.3', null, 'unverified')],
    ['1.2.3.4,', is('10.0.0.1', 5000, 'unverified')],
    ['1.2.3.4, _hidden, 10.0.0.2', is('10.0.0.2', null, 'unverified')],
    ['1.2.3.4:0', is('10.0.0.1', 5000, 'unverified')],
    ['1.2.3.4:65536', is('10.0.0.1', 5000, 'unverified')],
    ['1.2.3.4:', is('10.0.0.1', 5000, 'unverified')],
    ['01.2.3.4', is('10.0.0.1', 5000, 'unverified')],
    ['1.2.3', is('10.0.0.1', 5000, 'unverified')],
    ['2130706433', is('10.0.0.1', 5000, 'unverified')],
    ['1.2.3.4 5.6.7.8', is('10.0.0.1', 5000, 'unverified')],
    ['[1.2.3.4]:1', is('1.2.3.4', 1, 'forwarded')],
    ['localhost', is('10.0.0.1', 5000, 'unverified')],
    ["'; DROP TABLE connections; --", is('10.0.0.1', 5000, 'unverified')],
  ])('%s', (value, expected) => {
    expect(xff(value)).toMatchObject(expected);
  });

  it('nothing is trusted beyond 32 hops, and 10,000 hops cost little', () => {
    const long = Array.from({ length: 10_000 }, () => '10.0.0.2').join(', ');
    const started = performance.now();
    for (let round = 0; round < 20; round += 1)
      expect(xff(`6.6.6.6, ${long}`)).toMatchObject(is('10.0.0.2', null, 'unverified'));
    expect((performance.now() - started) / 20).toBeLessThan(20);
    expect(xff(`6.6.6.6, ${long}`).chain).toHaveLength(512);
    const hops = (count: number) => Array.from({ length: count }, () => '10.0.0.2').join(',');
    expect(xff(`1.2.3.4,${hops(31)}`)).toMatchObject(is('1.2.3.4', null, 'forwarded'));
    expect(xff(`1.2.3.4,${hops(32)}`)).toMatchObject(is('10.0.0.2', null, 'unverified'));
  });

  it('only the configured family is read', () => {
    expect(claim(XFF, { forwarded: 'for=1.2.3.4', 'x-real-ip': '1.2.3.4' })).toMatchObject(
      is('10.0.0.1', 5000, 'unverified'),
    );
    expect(claim(FORWARDED, { 'x-forwarded-for': '1.2.3.4' })).toMatchObject(
      is('10.0.0.1', 5000, 'unverified'),
    );
    expect(
      claim(
        { ...XFF, forwardedHeader: 'x-vendor-ip' },
        { 'x-vendor-ip': '1.2.3.4', 'x-forwarded-for': '6.6.6.6' },
      ),
    ).toMatchObject(is('1.2.3.4', null, 'forwarded'));
  });

  it('the port comes from its own header, or is unknown', () => {
    const options = { ...XFF, clientPortHeader: 'x-client-port' };
    const port = (value: string | string[]) =>
      claim(options, { 'x-forwarded-for': '1.2.3.4', 'x-client-port': value }).client.port;
    expect(port('4321')).toBe(4321);
    expect(port(' 4321 ')).toBe(4321);
    for (const bad of ['0', '65536', '-1', '1e3', '', '80, 81', '0x50', ['1', '2']])
      expect(port(bad), String(bad)).toBeNull();
    expect(claim(options, { 'x-forwarded-for': '1.2.3.4:99', 'x-client-port': '1' }).client.port).toBe(99);
  });

  it('trusts by address only: nobody by default, and never an untrusted peer (CVE-2026-3635)', () => {
    expect(createTrust({ ...XFF, trustedProxies: [] }).trusts(PEER.address)).toBe(false);
    const trust = createTrust(XFF);
    expect(
      ['10.255.0.1', 'fd12::1', '192.0.2.1'].map((address) => trust.trusts(address as IpAddress)),
    ).toEqual([true, true, true]);
    expect(
      ['11.0.0.1', 'fe80::1', '192.0.2.2', '::1'].map((address) => trust.trusts(address as IpAddress)),
    ).toEqual([false, false, false, false]);
  });
});

describe('Forwarded (RFC 7239)', () => {
  it.each([
    ['for=1.2.3.4', is('1.2.3.4', null, 'forwarded')],
    ['For="1.2.3.4:99";proto=https;by=10.0.0.1', is('1.2.3.4', 99, 'forwarded')],
    ['for="[2001:db8::1]:4711"', is('2001:db8::1', 4711, 'forwarded')],
    ['for="[2001:db8::1]"', is('2001:db8::1', null, 'forwarded')],
    ['for=6.6.6.6, for=1.2.3.4;host=x, for=10.0.0.2', is('1.2.3.4', null, 'forwarded')],
    ['for=6.6.6.6 , by="a,b;c";for=1.2.3.4', is('1.2.3.4', null, 'forwarded')],
    ['for=1.2.3.4;', is('1.2.3.4', null, 'forwarded')],
    ['for="1.2.3.\\4"', is('1.2.3.4', null, 'forwarded')],
    ['for=unknown', is('10.0.0.1', 5000, 'unverified')],
    ['for=_obfuscated, for=10.0.0.2', is('10.0.0.2', null, 'unverified')],
    ['for="_gazonk:123"', is('10.0.0.1', 5000, 'unverified')],
    ['for="1.2.3.4:_port"', is('10.0.0.1', 5000, 'unverified')],
    ['proto=https', is('10.0.0.1', 5000, 'unverified')],
    ['for=1.2.3.4;for=6.6.6.6', is('10.0.0.1', 5000, 'unverified')],
    ['for=10.0.0.2', is('10.0.0.2', null, 'unverified')],
    ['', is('10.0.0.1', 5000, 'unverified')],
    ['for', is('10.0.0.1', 5000, 'unverified')],
    ['for=', is('10.0.0.1', 5000, 'unverified')],
    ['for="1.2.3.4', is('10.0.0.1', 5000, 'unverified')],
    ['for=1.2.3.4"', is('10.0.0.1', 5000, 'unverified')],
    ['xfor=1.2.3.4', is('10.0.0.1', 5000, 'unverified')],
  ])('%s', (value, expected) => {
    expect(forwarded(value)).toMatchObject(expected);
  });

  it.each([
    'for=6.6.6.6;x="',
    'for="6.6.6.6',
    'for=6.6.6.6;x="\\',
    '"',
    'for=6.6.6.6;x="a',
    'for=6.6.6.6, for="',
  ])('what a client says cannot swallow what the proxy adds behind it: %s', (said) => {
    for (const added of [
      'for=1.2.3.4',
      'for="[2001:db8::9]:77"',
      'for="1.2.3.4:80";by="10.0.0.1:443"',
      'by="";for="1.2.3.4"',
    ]) {
      const { client, verdict } = forwarded(`${said}, ${added}`);
      expect(client.address).not.toBe('6.6.6.6');
      if (verdict === 'forwarded') expect(['1.2.3.4', '2001:db8::9']).toContain(client.address);
      else expect(client).toEqual(PEER);
    }
  });
});

describe('any header', () => {
  const ipv4 = fc.ipV4().filter((text) => !text.startsWith('10.') && text !== '192.0.2.1');
  const trusted = fc.integer({ min: 0, max: 255 }).map((last) => `10.1.1.${last}`);
  const noise = fc.string({ unit: fc.constantFrom(...'0123456789.:[]"\\;,=_ forFORunknown%'.split('')) });

  it('never throws, and never records what no hop said', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), noise), fc.boolean(), (text, family) => {
        const { client, verdict, chain } = family ? xff(text) : forwarded(text);
        expect(canonicalAddress(client.address)).toBe(client.address);
        expect(client.port === null || (client.port > 0 && client.port < 65_536)).toBe(true);
        expect(['forwarded', 'unverified']).toContain(verdict);
        expect(chain).toBe(text.slice(0, 512));
      }),
      { numRuns: 3000, ...SEEDED },
    );
  });

  it('whatever a client puts in front, the hop that the nearest trusted proxy added decides', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), noise),
        ipv4,
        fc.array(trusted, { maxLength: 5 }),
        fc.boolean(),
        (said, client, proxies, family) => {
          const hops = [client, ...proxies];
          const alone = family ? xff(hops.join(', ')) : forwarded(hops.map((hop) => `for=${hop}`).join(', '));
          const spoofed = family
            ? xff([said, ...hops].join(', '))
            : forwarded([said, ...hops.map((hop) => `for=${hop}`)].join(', '));
          expect(alone).toMatchObject(is(client, null, 'forwarded'));
          // An unbalanced quote may make the chain unreadable, but then it is said to be.
          if (spoofed.verdict === 'forwarded') expect(spoofed.client).toEqual(alone.client);
          else expect(family).toBe(false);
        },
      ),
      { numRuns: 3000, ...SEEDED },
    );
  });
});

import { describe, expect, it } from 'vitest';
import { conntrackEvent } from '../../../src/collectors/linux/conntrack-line.ts';

const NEW =
  '[1764112345.678901]\t    [NEW] tcp      6 120 SYN_SENT src=10.0.0.2 dst=203.0.113.5 sport=40000 dport=8080 [UNREPLIED] src=203.0.113.5 dst=192.0.2.1 sport=8080 dport=40000 id=2887412345';

describe('a line of conntrack -E', () => {
  it('names the inside, and the public endpoint as the destination of the reply', () => {
    expect(conntrackEvent(NEW)).toEqual({
      event: 'create',
      timeMs: 1_764_112_345_678,
      protocol: 6,
      inside: { address: '10.0.0.2', port: 40_000 },
      outside: { address: '192.0.2.1', port: 40_000 },
      remote: { address: '203.0.113.5', port: 8080 },
      flow: 2_887_412_345,
      zone: 0,
    });
  });

  it('of a destination NAT: the inside is who replies', () => {
    const line =
      '[DESTROY] udp      17 src=198.51.100.9 dst=192.0.2.1 sport=5000 dport=53 src=10.0.0.3 dst=198.51.100.9 sport=5353 dport=5000 zone=7';
    expect(conntrackEvent(line)).toMatchObject({
      event: 'delete',
      timeMs: null,
      inside: { address: '10.0.0.3', port: 5353 },
      outside: { address: '192.0.2.1', port: 53 },
      flow: null,
      zone: 7,
    });
  });

  it('of ICMP: there are no ports, and the id of the entry is the last one', () => {
    const line =
      '    [NEW] icmp     1 30 src=10.0.0.2 dst=203.0.113.5 type=8 code=0 id=77 [UNREPLIED] src=203.0.113.5 dst=192.0.2.1 type=0 code=0 id=78 id=99'.trim();
    expect(conntrackEvent(line)).toMatchObject({
      inside: { address: '10.0.0.2', port: null },
      outside: { address: '192.0.2.1', port: null },
      flow: 99,
    });
  });

  it.each([
    [NEW.replace('[NEW]', '[UPDATE]'), 'update'],
    [`${NEW.slice(0, 90)}${NEW}`, 'not-conntrack'],
    [NEW.replace('tcp      6', 'odd    256'), 'not-conntrack'],
    [NEW.replace('dst=192.0.2.1', 'dst=10.0.0.2'), 'identity'],
    [NEW.replace('src=10.0.0.2', 'src=10.0.0.256'), 'not-conntrack'],
    [NEW.split(' src=203')[0] ?? '', 'no-address'],
    ['', 'not-conntrack'],
    ['conntrack v1.4.7 (conntrack-tools): 5 flow events have been shown.', 'not-conntrack'],
    [`${NEW}${' x'.repeat(2000)}`, 'not-conntrack'],
  ])('%s is none', (line, reason) => {
    expect(conntrackEvent(line)).toBe(reason);
  });
});

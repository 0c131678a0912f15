import { describe, expect, it } from 'vitest';
import { MOST_CHARACTERS, readHeader } from '../../../src/collectors/syslog/header.ts';

const RECEIVED = Date.UTC(2026, 10, 26, 1, 30, 5);
const SHANGHAI = 480;

/** `priority time host | rest`. */
function read(line: string, received = RECEIVED, zone = SHANGHAI): string {
  const { priority, timeMs, host, rest } = readHeader(line, received, zone);
  return `${priority} ${timeMs === null ? null : new Date(timeMs).toISOString()} ${host} | ${rest}`;
}

describe('the header of a syslog line', () => {
  it.each([
    // RFC 5424: APP-NAME, PROCID, MSGID and structured data stay.
    [
      '<14>1 2026-11-26T09:30:00.269+08:00 srx RT_NAT - RT_X [a="b"] text',
      '14 2026-11-26T01:30:00.269Z srx | RT_NAT - RT_X [a="b"] text',
    ],
    ['<14>1 2026-11-26T01:30:00Z - - - - -', '14 2026-11-26T01:30:00.000Z null | - - - -'],
    ['<14>1 - host app 7 id - text', '14 null host | app 7 id - text'],
    ['<14>1 2026-11-26T09:30:00 host app', '14 2026-11-26T01:30:00.000Z host | app'],
    // RFC 3164.
    ['<13>Nov 26 09:30:00 nat-1 tag[7]: text', '13 2026-11-26T01:30:00.000Z nat-1 | tag[7]: text'],
    ['<13>Nov  6 09:30:00 192.0.2.1 text', '13 2026-11-06T01:30:00.000Z 192.0.2.1 | text'],
    ['<13>Nov 26 09:30:00 2001:db8::1 text', '13 2026-11-26T01:30:00.000Z 2001:db8::1 | text'],
    ['<13>Nov 26 09:30:00 tag: text', '13 2026-11-26T01:30:00.000Z null | tag: text'],
    ['<13>Nov 26 09:30:00 topic,info text', '13 2026-11-26T01:30:00.000Z null | topic,info text'],
    ['Nov 26 09:30:00 nat-1 text', 'null 2026-11-26T01:30:00.000Z nat-1 | text'],
    // As Cisco writes it.
    ['<166>Nov 26 2026 09:30:00: %ASA-6-1: x', '166 2026-11-26T01:30:00.000Z null | %ASA-6-1: x'],
    ['<166>Nov 26 2026 09:30:00 fw1 : %ASA-6-1: x', '166 2026-11-26T01:30:00.000Z fw1 | %ASA-6-1: x'],
    ['<166>Nov 26 2026 09:30:00.125 fw1: %ASA-6-1: x', '166 2026-11-26T01:30:00.125Z fw1 | %ASA-6-1: x'],
    ['<166>Nov 26 2026 09:30:00 %ASA-6-1: x', '166 2026-11-26T01:30:00.000Z null | %ASA-6-1: x'],
    ['<166>:Nov 26 01:30:00 UTC: %ASA-6-1: x', '166 2026-11-26T01:30:00.000Z null | %ASA-6-1: x'],
    ['<166>%ASA-6-1: x', '166 null null | %ASA-6-1: x'],
    // Huawei and IOS XR.
    ['<134>1 2026 Nov 26 09:30:00 192.0.2.1 ne - x', '134 2026-11-26T01:30:00.000Z 192.0.2.1 | ne - x'],
    ['1 2026 Nov 26 09:30:00 192.0.2.1 - - x', 'null 2026-11-26T01:30:00.000Z 192.0.2.1 | - - x'],
    ['<189>Nov 26 2026 09:30:00+08:00 ne %%01', '189 2026-11-26T01:30:00.000Z ne | %%01'],
    // A relay's header before the exporter's: the inner time counts.
    [
      '<134>Nov 26 09:31:00 relay 1 2026 Nov 26 09:30:00 192.0.2.1 - - x',
      '134 2026-11-26T01:30:00.000Z 192.0.2.1 | - - x',
    ],
    // RFC 3339 in the place of RFC 3164's.
    ['2026-11-26T09:30:00.5+08:00 nat-1 tag: x', 'null 2026-11-26T01:30:00.500Z nat-1 | tag: x'],
    ['<13>2026-11-26T01:30:00Z nat-1 : %ASA-6-1: x', '13 2026-11-26T01:30:00.000Z nat-1 | %ASA-6-1: x'],
    // No header.
    ['firewall,info forward: in:a', 'null null null | firewall,info forward: in:a'],
    ['<134>text', '134 null null | text'],
    ['<192>text', 'null null null | text'],
    ['<1344>text', 'null null null | <1344>text'],
    ['1 apple', 'null null null | 1 apple'],
    ['', 'null null null | '],
  ])('%s', (line, expected) => {
    expect(read(line)).toBe(expected);
  });

  it.each([
    'Feb 30 2026 09:30:00 host x',
    'Feb 29 2027 09:30:00 host x',
    'Nov 26 2026 24:00:00 host x',
    'Nov 26 2026 09:60:00 host x',
    'Nov 00 2026 09:30:00 host x',
    'Nov 26 0099 09:30:00 host x',
    '2026-13-01T09:30:00Z host x',
    '2026-11-26T09:30:60Z host x',
    '2026-11-26T09:30:00+24:00 host x',
  ])('%s: no such time, but the rest is read', (line) => {
    expect(read(line)).toBe('null null host | x');
  });

  it('takes the year that brings the stamp nearest to the receipt', () => {
    const at = (line: string, received: number, zone = 0): string | undefined =>
      read(line, received, zone).split(' ')[1];
    const newYear = Date.UTC(2027, 0, 1, 0, 0, 3);
    expect(at('Dec 31 23:59:59 h x', newYear)).toBe('2026-12-31T23:59:59.000Z');
    expect(at('Jan  1 00:00:02 h x', Date.UTC(2026, 11, 31, 23, 59, 58))).toBe('2027-01-01T00:00:02.000Z');
    // The new year begins earlier in the east.
    expect(at('Jan  1 00:00:03 h x', Date.UTC(2026, 11, 31, 16, 0, 4), SHANGHAI)).toBe(
      '2026-12-31T16:00:03.000Z',
    );
    expect(at('Dec 31 19:00:00 h x', newYear, -300)).toBe('2027-01-01T00:00:00.000Z');
    expect(at('Feb 29 12:00:00 h x', Date.UTC(2028, 2, 1))).toBe('2028-02-29T12:00:00.000Z');
    expect(at('Feb 29 12:00:00 h x', Date.UTC(2027, 2, 1))).toBe('null');
  });

  it('of a file takes the last year that lies before it was written', () => {
    const at = (stamp: string, written: number, zone = 0): string | null => {
      const { timeMs } = readHeader(`${stamp} h x`, written, zone, 'before');
      return timeMs === null ? null : new Date(timeMs).toISOString();
    };
    const written = Date.UTC(2026, 10, 26, 9, 30);
    expect(at('Nov 26 09:29:59', written)).toBe('2026-11-26T09:29:59.000Z');
    // Seven months ahead would be nearer than what it can only be.
    expect(at('Apr 12 08:00:00', Date.UTC(2026, 0, 5))).toBe('2025-04-12T08:00:00.000Z');
    // A day is left to zones.
    expect(at('Nov 27 09:00:00', written)).toBe('2026-11-27T09:00:00.000Z');
    expect(at('Nov 27 10:00:00', written)).toBe('2025-11-27T10:00:00.000Z');
    expect(at('Jan  1 05:00:00', Date.UTC(2026, 11, 31, 20), SHANGHAI)).toBe('2026-12-31T21:00:00.000Z');
    expect(at('Feb 29 12:00:00', Date.UTC(2027, 2, 1))).toBe('2024-02-29T12:00:00.000Z');
    expect(at('Feb 29 12:00:00', Date.UTC(2028, 1, 29))).toBe('2028-02-29T12:00:00.000Z');
    expect(at('Feb 29 12:00:00', Date.UTC(2028, 1, 27))).toBe('2024-02-29T12:00:00.000Z');
    expect(at('Feb 29 12:00:00', Date.UTC(2104, 1, 27))).toBe('2096-02-29T12:00:00.000Z');
    expect(at('Feb 30 12:00:00', written)).toBeNull();
    expect(at('Nov 26 2031 09:30:00', written)).toBe('2031-11-26T09:30:00.000Z');
  });

  it('cuts a long line', () => {
    const { rest, host } = readHeader(`<13>Nov 26 09:30:00 host ${'x'.repeat(20_000)}`, RECEIVED, 0);
    expect(host).toBe('host');
    expect(rest.length).toBe(MOST_CHARACTERS - '<13>Nov 26 09:30:00 host '.length);
  });
});

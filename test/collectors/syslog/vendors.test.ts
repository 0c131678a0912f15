import { describe, expect, it } from 'vitest';
import { SyslogReader } from '../../../src/collectors/syslog/reader.ts';
import { VENDORS } from '../../../src/collectors/syslog/vendors/index.ts';
import { EXAMPLES, type Example } from './examples.ts';
import { recordingFeed, toldText } from './recording-feed.ts';

const RECEIVED = Date.UTC(2026, 10, 26, 1, 30, 5);

/** What a reader in Shanghai makes of a line, and as whose. */
function read(line: string, vendor: string | null): { told: Example['told']; dialect: string | undefined } {
  const feed = recordingFeed();
  new SyslogReader({ feed, vendor, zoneMinutes: 480 }).line(line, RECEIVED);
  expect(feed.messages.length + feed.rejections.length).toBe(1);
  const [message] = feed.messages;
  if (message !== undefined) {
    expect(message.original).toBe(line);
    return { told: message.translations.map(toldText), dialect: message.dialect };
  }
  const reason = feed.rejections[0]?.reason;
  expect(reason).toMatch(/^(?:not-nat|syslog-unparsed)$/);
  return { told: reason === 'not-nat' ? 'not-nat' : 'unparsed', dialect: undefined };
}

describe('examples', () => {
  it('are there of every vendor', () => {
    expect(Object.keys(EXAMPLES).toSorted()).toEqual(VENDORS.map(({ name }) => name).toSorted());
  });
});

for (const [vendor, examples] of Object.entries(EXAMPLES)) {
  describe(vendor, () => {
    it.each([...examples])('$line', ({ line, told }) => {
      const dialect = typeof told === 'string' ? undefined : `syslog:${vendor}`;
      expect(read(line, null)).toEqual({ told, dialect });
      expect(read(line, vendor)).toEqual({ told, dialect });
    });

    it('is not taken for another', () => {
      const understood = examples.filter(({ told }) => typeof told !== 'string');
      for (const other of VENDORS.filter(({ name }) => name !== vendor))
        for (const { line } of understood) expect(read(line, other.name).dialect).toBeUndefined();
    });
  });
}

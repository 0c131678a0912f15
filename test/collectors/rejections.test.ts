import { describe, expect, it } from 'vitest';
import { Rejections } from '../../src/collectors/rejections.ts';

describe('rejections', () => {
  it('are counted by their reason', () => {
    const rejections = new Rejections();
    rejections.add('time', 1);
    rejections.add('set-cut', 3);
    rejections.add('time', 2);
    expect(rejections.counts()).toEqual({ time: 3, 'set-cut': 3 });
    expect(rejections.total).toBe(6);
    expect(rejections.samples()).toEqual({});
  });

  it('keep the five newest samples of a reason, each once', () => {
    const rejections = new Rejections();
    for (let index = 0; index < 8; index += 1) {
      rejections.add('syslog-unparsed', 1, `line ${index}`);
      rejections.add('syslog-unparsed', 1, `line ${index}`);
    }
    expect(rejections.samples()).toEqual({
      'syslog-unparsed': ['line 3', 'line 4', 'line 5', 'line 6', 'line 7'],
    });
    expect(rejections.total).toBe(16);
  });

  it('have a bound of reasons: further ones count as other, with a bound of samples too', () => {
    const rejections = new Rejections();
    for (let index = 0; index < 1000; index += 1) rejections.add(`reason-${index}`, 1, `sample ${index}`);
    const counts = rejections.counts();
    expect(Object.keys(counts)).toHaveLength(65);
    expect(counts['other']).toBe(936);
    expect(rejections.total).toBe(1000);
    expect(Object.values(rejections.samples()).flat()).toHaveLength(69);
    rejections.add('reason-0', 1);
    expect(rejections.counts()['reason-0']).toBe(2);
  });
});

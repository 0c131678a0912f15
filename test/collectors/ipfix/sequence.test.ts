import { describe, expect, it } from 'vitest';
import { EXPORT_TIME, message, nat44, NAT44, set, template } from './exporter.ts';
import { listen } from './listener.ts';

describe('the sequence of IPFIX counts data records', () => {
  it('a hole is counted, a late message is none, and it wraps', () => {
    const { decoder, lost } = listen();
    const two = set(256, [nat44(), nat44()]);
    const start = 0xffff_fffc;
    decoder.take(message([set(2, [template(256, NAT44)])], { sequence: start }));
    decoder.take(message([two], { sequence: start }));
    decoder.take(message([two], { sequence: start + 2 }));
    decoder.take(message([two], { sequence: 0 }));
    expect(lost).toEqual([]);
    decoder.take(message([two], { sequence: 7 }));
    expect(lost).toEqual([5]);
    decoder.take(message([two], { sequence: 3 }));
    expect(decoder.status()).toMatchObject({ lost: 5, late: 1, restarts: 0 });
    decoder.take(message([two], { sequence: 9 }));
    expect(lost).toEqual([5]);
  });

  it('behind records that could not be counted the next number is taken as it is', () => {
    const { decoder, lost } = listen();
    decoder.take(message([set(256, [nat44()])], { sequence: 10 }));
    decoder.take(message([set(256, [nat44()])], { sequence: 30 }));
    expect(lost).toEqual([]);
  });

  it('a number far back is an exporter that began anew', () => {
    const heard = listen();
    heard.decoder.take(message([set(2, [template(256, NAT44)])], { sequence: 500_000 }));
    heard.decoder.take(message([set(256, [nat44()])], { sequence: 0 }));
    expect(heard).toMatchObject({ restarts: 1, lost: [] });
  });
});

describe('the sequence of NetFlow v9 counts packets', () => {
  const v9 = (sequence: number, uptime: number, exportTime = EXPORT_TIME): Buffer =>
    message([set(0, [template(256, NAT44)])], { version: 9, sequence, uptime, exportTime });

  it('a hole is counted', () => {
    const { decoder, lost } = listen();
    for (const sequence of [1, 2, 5, 6, 100_007]) decoder.take(v9(sequence, 10_000));
    expect(lost).toEqual([2, 100_000]);
  });

  it('a shorter uptime is an exporter that began anew, whatever its sequence', () => {
    const heard = listen();
    heard.decoder.take(v9(1, 1_000_000));
    heard.decoder.take(v9(2, 1_001_000, EXPORT_TIME + 1));
    heard.decoder.take(v9(3, 500, EXPORT_TIME + 60));
    heard.decoder.take(v9(4, 1500, EXPORT_TIME + 61));
    expect(heard).toMatchObject({ restarts: 1, lost: [] });
  });
});

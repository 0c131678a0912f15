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

  /** Messages of one record each. @returns what was heard by each: `lost 5`, `restart` */
  function sequences(numbers: readonly number[]): string[] {
    const heard = listen();
    heard.decoder.take(message([set(2, [template(256, NAT44)])], { sequence: numbers[0] ?? 0 }));
    const told: string[] = [];
    for (const sequence of numbers) {
      const [restarts, losses] = [heard.restarts, heard.lost.length];
      heard.decoder.take(message([set(256, [nat44()])], { sequence }));
      for (const count of heard.lost.slice(losses)) told.push(`${sequence}: lost ${count}`);
      if (heard.restarts > restarts) told.push(`${sequence}: restart`);
    }
    return told;
  }

  it('a number far back is an exporter that began anew, when the next goes on from it', () => {
    expect(sequences([500_000, 0, 1])).toEqual(['0: lost 0', '1: restart']);
    expect(sequences([500_000, 0, 5])).toEqual(['0: lost 0', '5: restart']);
  });

  it('one message with a number of its own, forged or damaged, is no restart, and what it hid is counted', () => {
    expect(sequences([500_000, 0, 500_001])).toEqual(['0: lost 0']);
    expect(sequences([500_000, 900_000, 500_001, 500_002])).toEqual(['900000: lost 399999']);
    expect(sequences([500_000, 900_000, 500_003])).toEqual(['900000: lost 399999', '500003: lost 2']);
  });

  it('two processes with a numbering each are followed both', () => {
    const both = Array.from({ length: 20 }, (_each, index) => (index % 2 === 0 ? 5 : 700_000) + (index >> 1));
    expect(sequences(both)).toEqual(['700000: lost 699994']);
    expect(sequences([...both.slice(0, 6), 700_005])).toEqual(['700000: lost 699994', '700005: lost 2']);
  });

  it('a message that came late does not hide what is lost behind it', () => {
    expect(sequences([0, 2, 1, 3, 4, 6])).toEqual(['2: lost 1', '6: lost 1']);
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

  it('a shorter uptime and another number is an exporter that began anew, at once', () => {
    const heard = listen();
    heard.decoder.take(v9(1001, 1_000_000));
    heard.decoder.take(v9(1002, 1_001_000, EXPORT_TIME + 1));
    heard.decoder.take(v9(0, 500, EXPORT_TIME + 60));
    heard.decoder.take(v9(1, 1500, EXPORT_TIME + 61));
    expect(heard).toMatchObject({ restarts: 1, lost: [] });
  });

  it('an exporter that begins anew a little after it began is noticed, one whose packet is late is not taken for it', () => {
    const heard = listen();
    for (const [sequence, uptime] of [
      [5, 60_000],
      [6, 61_000],
      [8, 70_000],
      [7, 62_000],
    ] as const)
      heard.decoder.take(v9(sequence, uptime));
    expect(heard).toMatchObject({ restarts: 0, lost: [1] });
    heard.decoder.take(v9(0, 1000));
    expect(heard.restarts).toBe(1);
  });

  it('an uptime that wraps is no restart, also when packets are lost meanwhile', () => {
    const heard = listen();
    const wrap = 2 ** 32;
    heard.decoder.take(v9(700_000, wrap - 5000));
    heard.decoder.take(v9(700_001, 3000, EXPORT_TIME + 8));
    heard.decoder.take(v9(700_002, wrap - 100, EXPORT_TIME + 4));
    heard.decoder.take(v9(700_005, 300_000, EXPORT_TIME + 305));
    expect(heard).toMatchObject({ restarts: 0, lost: [2] });
  });

  it('around a wrap an exporter that begins anew is known by its numbers', () => {
    const heard = listen();
    heard.decoder.take(v9(700_000, 2 ** 32 - 5000));
    heard.decoder.take(v9(0, 3000, EXPORT_TIME + 60));
    heard.decoder.take(v9(1, 4000, EXPORT_TIME + 61));
    expect(heard).toMatchObject({ restarts: 1, lost: [0] });
  });

  it('a clock that is set, ahead or back, is no restart', () => {
    for (const by of [10, 86_400, -10]) {
      const heard = listen();
      for (let second = 0; second < 6; second += 1)
        heard.decoder.take(
          v9(100 + second, 500_000 + second * 1000, EXPORT_TIME + second + (second < 3 ? 0 : by)),
        );
      expect(heard).toMatchObject({ restarts: 0, lost: [] });
    }
  });

  it('an uptime that went back while the numbers go on is no restart, of two processes neither', () => {
    const heard = listen();
    heard.decoder.take(v9(5, 1_000_000));
    heard.decoder.take(v9(6, 1000));
    expect(heard).toMatchObject({ restarts: 0, lost: [] });
    for (let index = 0; index < 6; index += 1) {
      heard.decoder.take(v9(700_000 + index, 2_000_000 + index));
      heard.decoder.take(v9(7 + index, 1001 + index));
    }
    expect(heard).toMatchObject({ restarts: 0, lost: [699_993] });
  });
});

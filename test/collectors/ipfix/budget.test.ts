import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Budget } from '../../../src/collectors/ipfix/budget.ts';
import { Decoder } from '../../../src/collectors/ipfix/decoder.ts';
import { IpfixReceiver } from '../../../src/collectors/ipfix/receiver.ts';
import { canonicalAddress, type IpAddress } from '../../../src/model/address.ts';
import { SEEDED } from '../../support/seed.ts';
import { message, nat44, NAT44, set, template, withdrawal, type FieldSpec } from './exporter.ts';
import { heardFeed } from './source-feed.ts';

const decoderOf = (budget: Budget): { readonly decoder: Decoder; readonly events: number[] } => {
  const events: number[] = [];
  const decoder = new Decoder({
    dialect: null,
    budget,
    onEvent: (event) => events.push(event.outsideLow),
    onLost: () => undefined,
    onRestart: () => undefined,
  });
  return { decoder, events };
};

const templates = (from: number, count: number, fields = NAT44): Buffer =>
  set(
    2,
    Array.from({ length: count }, (_each, index) => template(from + index, fields)),
  );

it('templates beyond what a source may keep are refused, and one that had a place is not read by its old form', () => {
  const { decoder, events } = decoderOf(new Budget(100 * 5000));
  for (let domain = 1; domain <= 10; domain += 1) decoder.take(message([templates(256, 20)], { domain }));
  expect(decoder.status()).toMatchObject({ templates: 103, rejected: { 'too-many-templates': 97 } });
  const larger: FieldSpec[] = [...NAT44, ...Array.from({ length: 60 }, (): FieldSpec => [1, 1])];
  decoder.take(message([templates(256, 1, larger), set(256, [nat44()])]));
  expect(decoder.status()).toMatchObject({ templates: 102, pending: 1 });
  expect(events).toEqual([]);
});

it('data that wait take what is left: the oldest of their domain go, then they themselves', () => {
  const { decoder } = decoderOf(new Budget(5000));
  const data = set(256, [nat44()]);
  for (let domain = 1; domain <= 20; domain += 1) decoder.take(message([data], { domain }));
  expect(decoder.status()).toMatchObject({ pending: 9, rejected: { 'template-never-came': 11 } });
  decoder.take(message([data], { domain: 1 }));
  expect(decoder.status()).toMatchObject({ pending: 9, rejected: { 'template-never-came': 12 } });
});

it('is shared by the exporters of a source, and by no others', () => {
  const [feed, other] = [heardFeed(), heardFeed()];
  const receiver = new IpfixReceiver({
    sourceOf: (from) => ({ feed: from.startsWith('198.18.') ? feed : other, dialect: null }),
  });
  const fields = Array.from({ length: 500 }, (): FieldSpec => [1, 1]);
  const datagram = message([templates(256, 30, fields)]);
  const send = (address: string): void => receiver.datagram(datagram, canonicalAddress(address) as IpAddress);
  for (let index = 0; index < 200; index += 1) send(`198.18.0.${index}`);
  send('192.0.2.1');
  const kept = receiver.status().reduce((sum, status) => sum + status.templates, 0);
  // 128 MiB, each template 44,096 bytes; and those of the other source.
  expect(kept).toBe(Math.floor((128 * 1024 * 1024) / 44_096) + 30);
});

it('whatever comes, what is forgotten is given back', () => {
  const piece = fc.oneof(
    fc.record({
      kind: fc.constant('template' as const),
      id: fc.integer({ min: 256, max: 260 }),
      size: fc.integer({ min: 1, max: 9 }),
    }),
    fc.record({
      kind: fc.constant('withdraw' as const),
      id: fc.constantFrom(2, 3, 256, 257),
      size: fc.constant(0),
    }),
    fc.record({
      kind: fc.constant('data' as const),
      id: fc.integer({ min: 256, max: 262 }),
      size: fc.nat(9),
    }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(piece, fc.nat(80)), { maxLength: 60 }),
      fc.integer({ min: 500, max: 60_000 }),
      (pieces, most) => {
        const budget = new Budget(most);
        const { decoder } = decoderOf(budget);
        for (const [{ kind, id, size }, domain] of pieces) {
          const sets = {
            template: () => set(2, [template(id, NAT44.slice(0, size))]),
            withdraw: () => set(2, [withdrawal(id)]),
            data: () => set(id, [Buffer.alloc(size * 11, 1)]),
          };
          decoder.take(message([sets[kind]()], { domain }));
          expect(budget.taken).toBeLessThanOrEqual(most);
          expect(budget.taken).toBeGreaterThanOrEqual(0);
        }
        decoder.close();
        expect(budget.taken).toBe(0);
      },
    ),
    SEEDED,
  );
});

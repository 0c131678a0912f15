import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decoder } from '../../../src/collectors/ipfix/decoder.ts';
import { DIALECTS } from '../../../src/collectors/ipfix/dialects.ts';
import { holds, PATIENCE } from '../../support/fuzzing.ts';
import { sharedCapture } from '../shared-captures.ts';
import { message, nat44, NAT44, optionsTemplate, set, template, type FieldSpec } from './exporter.ts';
import { eventText } from './listener.ts';

const captures = [
  'ipfix-mikrotik-tpl',
  'ipfix-mikrotik-data258',
  'netflow9-asa-1-tpl',
  'netflow9-asa-1-data',
].map((name) => readFileSync(sharedCapture(`${name}.dat`)));

const plain: fc.Arbitrary<FieldSpec> = fc.tuple(
  fc.oneof(
    fc.constantFrom(...NAT44.map(([element]) => element), 361, 362, 363, 364, 152, 153, 22, 226, 228, 233),
    fc.nat(32_767),
  ),
  fc.oneof(fc.constantFrom(1, 2, 4, 8, 16, 65_535), fc.nat(70)),
);
/** Nokia's. */
const named = fc
  .tuple(fc.constantFrom(91, 92, 93), fc.constantFrom(1, 2, 24, 65_535))
  .map(([element, length]): FieldSpec => [element, length, 637]);
const field = fc.oneof({ weight: 9, arbitrary: plain }, { weight: 1, arbitrary: named });
const fields = fc.array(field, { minLength: 1, maxLength: 12 });
const id = fc.integer({ min: 250, max: 274 });
const content = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const someSet = fc.oneof(
  fc.tuple(id, fields).map(([number, list]) => set(2, [template(number, list)])),
  fc.tuple(id, fields).map(([number, list]) => set(3, [optionsTemplate(number, 1, list)])),
  fc.tuple(id, content).map(([number, bytes]) => set(number, [bytes])),
  fc.constantFrom(set(2, [template(256, NAT44)]), set(256, [nat44()]), set(256, [nat44({ event: 14 })])),
);
const built = fc
  .tuple(fc.array(someSet, { maxLength: 6 }), fc.constantFrom(9 as const, 10 as const), fc.nat(3), fc.nat())
  .map(([sets, version, domain, sequence]) => message(sets, { version, domain, sequence }));

/** A message with some bytes changed, and cut or lengthened. */
const mutated = fc
  .tuple(
    fc.oneof(built, fc.constantFrom(...captures)),
    fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 8 }),
    fc.integer({ min: -40, max: 10 }),
  )
  .map(([bytes, changes, cut]) => {
    const copy = Buffer.concat([bytes, Buffer.alloc(Math.max(0, cut))]).subarray(0, bytes.length + cut);
    for (const [place, value] of changes) if (copy.length > 0) copy[place % copy.length] = value;
    return copy;
  });

describe('whatever an exporter sends', () => {
  it(
    'is decoded or counted; events lie in their datagram, and nothing grows without a bound',
    PATIENCE,
    async () => {
      const seen = { events: 0, rejected: 0 };
      const stream = fc.array(mutated, { minLength: 1, maxLength: 20 });
      const dialect = fc.option(fc.constantFrom(...DIALECTS), { nil: null });
      await holds(
        fc.asyncProperty(stream, dialect, (datagrams, set) => {
          let current = Buffer.alloc(0);
          const decoder = new Decoder({
            dialect: set,
            onEvent: (event) => {
              expect([event.bytes, event.text]).toContain(event.insideBytes);
              expect(event.inside.at + event.inside.size).toBeLessThanOrEqual(event.insideBytes.length);
              for (const { at, size } of [event.outside, event.remote])
                expect(at >= 0 && at + size <= event.bytes.length).toBe(true);
              expect(event.outsideLow).toBeLessThanOrEqual(event.outsideHigh);
              expect(event.outsideHigh).toBeLessThanOrEqual(65_535);
              expect(Number.isSafeInteger(event.timeMs)).toBe(true);
              expect(eventText(event)).toMatch(/^(?:create|delete|flow) /);
              expect(current.length).toBeGreaterThan(0);
            },
            onLost: (count) => expect(count).toBeGreaterThanOrEqual(0),
            onRestart: () => undefined,
          });
          for (const datagram of datagrams) {
            current = datagram;
            decoder.take(datagram);
          }
          const status = decoder.status();
          seen.events += status.events;
          seen.rejected += Object.values(status.rejected).reduce((sum, count) => sum + count, 0);
          expect(status.templates + status.optionsTemplates).toBeLessThanOrEqual(64 * 1024);
          return Promise.resolve();
        }),
        3,
      );
      expect(seen.events).toBeGreaterThan(100);
      expect(seen.rejected).toBeGreaterThan(100);
    },
  );
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOWHERE, Registry, type Place } from '../../src/platform/registry.ts';

const membersOf = <T>(registry: Registry<T>): T[] => {
  const seen: T[] = [];
  registry.each((member) => seen.push(member));
  return seen;
};

describe('a registry', () => {
  it('holds what a set would, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant(-1), fc.nat(40)), { maxLength: 300 }), (steps) => {
        const registry = new Registry<number>();
        const model = new Set<number>();
        const places: Place[] = [];
        for (const step of steps) {
          if (step === -1) {
            model.add(places.length);
            places.push(registry.add(places.length));
          } else if (step < places.length) {
            model.delete(step);
            registry.remove(places[step] as Place);
          }
          expect(registry.size).toBe(model.size);
        }
        expect(membersOf(registry).toSorted((a, b) => a - b)).toEqual([...model]);
      }),
    );
  });

  it('takes a member out once, and nothing that was never in', () => {
    const registry = new Registry<string>();
    const place = registry.add('a');
    registry.add('b');
    registry.remove(place);
    registry.remove(place);
    registry.remove(NOWHERE);
    expect(membersOf(registry)).toEqual(['b']);
  });

  it('is visited while members leave: none that has left, all that stay', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.array(fc.nat(30), { maxLength: 30 }), (count, leaving) => {
        const registry = new Registry<number>();
        const places = Array.from({ length: count }, (_, index) => registry.add(index));
        const gone = new Set<number>();
        const seen = new Set<number>();
        const queue = [...leaving];
        registry.each((member) => {
          expect(gone.has(member)).toBe(false);
          seen.add(member);
          const next = queue.shift();
          const place = next === undefined ? undefined : places[next];
          if (next === undefined || place === undefined) return;
          gone.add(next);
          registry.remove(place);
        });
        for (let member = 0; member < count; member += 1)
          if (!gone.has(member)) expect(seen.has(member)).toBe(true);
      }),
    );
  });

  it('knows no place any more once it was cleared', () => {
    const registry = new Registry<string>();
    const place = registry.add('a');
    registry.clear();
    registry.add('b');
    registry.remove(place);
    expect(membersOf(registry)).toEqual(['b']);
  });
});

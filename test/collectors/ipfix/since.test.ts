import { describe, expect, it } from 'vitest';
import { IpfixExporter } from '../../../src/collectors/ipfix/exporter-session.ts';
import type { Millis } from '../../../src/model/time.ts';
import { NOON } from '../../records/items.ts';
import { openWorld } from '../recorded-world.ts';
import { message, nat44, NAT44, set, template } from './exporter.ts';

/** An exporter of a source, and a way to send one record at a time of ours, ms after the start. */
function exporting() {
  const { source, clock, to, rows } = openWorld();
  const exporter = new IpfixExporter({ feed: source, dialect: null, clock });
  const send = (ms: number, sequence: number, domain = 1): void => {
    to(ms);
    exporter.datagram(message([set(2, [template(256, NAT44)]), set(256, [nat44()])], { sequence, domain }));
  };
  /** A record whose template does not come. */
  const wait = (ms: number, sequence: number): void => {
    to(ms);
    exporter.datagram(message([set(300, [nat44()])], { sequence }));
  };
  return { source, rows, send, wait };
}

it('a loss of one domain lies since that domain was heard, whatever others said since', () => {
  const { source, send } = exporting();
  send(0, 0);
  send(4000, 0, 2);
  send(5000, 3);
  expect(source.takeGaps()).toMatchObject([{ reason: 'lost', from: NOON, to: NOON + 5000, count: 2 }]);
});

it('an exporter that began anew did so after the last message of before, not after the first of since', () => {
  const { source, rows, send } = exporting();
  send(0, 500_000);
  send(5000, 0);
  expect(rows('restart')).toEqual([]);
  expect(source.takeGaps()).toMatchObject([{ reason: 'lost', from: NOON, to: NOON + 5000 }]);
  send(6000, 1);
  expect(rows('restart').map(({ at }) => at)).toEqual([NOON + 1]);
});

describe('the new start is told from the jump on, also when', () => {
  const jumped = () => {
    const world = exporting();
    world.send(0, 500_000);
    world.send(1000, 500_001);
    return world;
  };
  const told = ({ rows }: ReturnType<typeof exporting>): Millis[] => rows('restart').map(({ at }) => at);

  it('what came with it waits for its template', () => {
    const world = jumped();
    world.wait(60_000, 0);
    expect(told(world)).toEqual([]);
    world.wait(61_000, 1);
    expect(told(world)).toEqual([NOON + 1001]);
    world.send(65_000, 2);
    expect(told(world)).toEqual([NOON + 1001]);
  });

  it('a message came late meanwhile', () => {
    const world = jumped();
    world.send(60_000, 10);
    world.send(61_000, 9);
    expect(told(world)).toEqual([]);
    world.send(62_000, 11);
    expect(told(world)).toEqual([NOON + 1001]);
  });

  it('but none is when the numbers of before go on behind what waits', () => {
    const world = jumped();
    world.wait(60_000, 0);
    world.send(61_000, 500_002);
    world.send(62_000, 500_003);
    expect(told(world)).toEqual([]);
  });
});

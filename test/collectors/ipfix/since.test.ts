import { expect, it } from 'vitest';
import { IpfixExporter } from '../../../src/collectors/ipfix/exporter-session.ts';
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
  return { source, rows, send };
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
  expect(rows('restart').map(({ at }) => at)).toEqual([NOON]);
});

import type { IpAddress, Port } from '../../src/model/address.ts';
import type { RecordItem } from '../../src/model/records.ts';
import type { Millis } from '../../src/model/time.ts';
import { openAt, type Engine } from './engine.ts';
import { around, NOON, plus } from './items.ts';
import { PUBLIC } from './told.ts';

const LIMIT = 100;

/** An engine that holds items, an hour after noon, and questions about a moment. */
export async function filledWith(make: () => Engine, ...items: readonly (RecordItem | RecordItem[])[]) {
  const run = await openAt(make, plus(NOON, 3_600_000));
  await run.writer.append(items.flat());
  const outside = async (port: number | null, time: Millis, ms = 0) =>
    (await run.reader.translations('outside', PUBLIC, port as Port | null, around(time, ms), LIMIT))
      .translations;
  const inside = async (address: IpAddress, port: number | null, time: Millis) =>
    (await run.reader.translations('inside', address, port as Port | null, around(time), LIMIT)).translations;
  const leases = async (address: string, time: Millis) =>
    (await run.reader.leases(address as IpAddress, around(time), LIMIT)).leases;
  return { ...run, outside, inside, leases };
}

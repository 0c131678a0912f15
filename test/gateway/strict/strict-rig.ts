import { expect, onTestFinished } from 'vitest';
import type { RouteOptions } from '../../../src/gateway/options.ts';
import type { RawClient } from '../raw-client.ts';
import { openRig, routeTo, type Rig, type RigOptions } from '../harness.ts';
import { StrictUpstream } from './strict-upstream.ts';

export interface StrictRig {
  readonly rig: Rig;
  readonly upstream: StrictUpstream;
}

/** A rig whose one route leads to the strict upstream. When the test ends the upstream must have raised no alarm. */
export async function openStrictRig(
  options: Omit<RigOptions, 'route' | 'routes'> & { readonly route?: Partial<RouteOptions> } = {},
): Promise<StrictRig> {
  const upstream = await StrictUpstream.listen();
  const { route, ...rest } = options;
  const rig = await openRig({ ...rest, routes: () => [routeTo(upstream.port, route)] });
  upstream.onEvent = (what) => rig.log.add('strict', what);
  onTestFinished(async () => {
    await upstream.close();
    expect(upstream.alarms).toEqual([]);
  });
  return { rig, upstream };
}

let clients = 0;

/**
 * A loopback address for one client of many: thousands of connections from one address would use up its ports, which
 * the kernel keeps for a minute after each.
 */
export function clientAddress(): string {
  clients += 1;
  return `127.1.${(clients >> 3) % 250}.${1 + (clients % 8)}`;
}

/** Everything that a forwarded request leaves; a count of refusals is no record of a connection. */
const RECORDS = /connection|egress|end|checkpoint|binding|session|publication|request/;

/** How many records there are that only a request which was let in may cause. */
export function recorded(rig: Rig): number {
  return rig.log.count('record', RECORDS);
}

/** The statuses of all final and interim responses that a client got; a body in these tests holds no status line. */
export function statuses(client: RawClient): number[] {
  return [...client.bytes.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((match) => Number(match[1]));
}

import type { GatewayLimits, RouteOptions } from '../../../../src/gateway/options.ts';

/** One request as bytes (latin1), and what must become of it. */
export interface Vector {
  readonly name: string;
  readonly bytes: string;
  /** What the client may be told; 400 when nothing is said. */
  readonly status?: readonly number[];
  readonly limits?: Partial<GatewayLimits>;
  readonly route?: Partial<RouteOptions>;
}

/** A well-formed request, and what the upstream must see of it. */
export interface WellFormed extends Vector {
  readonly method: string;
  readonly target: string;
  readonly host?: string;
  readonly body?: string;
}

export const H = 'Host: forum.example\r\n';

/** A table as `name: bytes`. */
export function vectors(
  table: Readonly<Record<string, string>>,
  more: Omit<Vector, 'name' | 'bytes'> = {},
): readonly Vector[] {
  return Object.entries(table).map(([name, bytes]) => ({ name, bytes, ...more }));
}

/** A GET with these lines after its Host; each must end as the caller wants it to. */
export function get(lines: string, target = '/'): string {
  return `GET ${target} HTTP/1.1\r\n${H}${lines}\r\n`;
}

/** A POST with these lines after its Host, and what follows the head. */
export function post(lines: string, body: string): string {
  return `POST / HTTP/1.1\r\n${H}${lines}\r\n${body}`;
}

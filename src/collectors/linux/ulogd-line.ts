import { canonicalAddress, canonicalPort, type Endpoint } from '../../model/address.ts';
import { translatedSides, type Sides } from './tuples.ts';

/** A translation that ulogd2 tells of. A DESTROY tells of both its ends. */
export interface UlogdFlow extends Sides {
  /** Ms since the epoch; null when it is not told. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  readonly ended: boolean;
  /** IANA's number; null when it is not told. */
  readonly protocol: number | null;
  /** The kernel's number of the entry; null when it is not told. */
  readonly flow: number | null;
}

/**
 * Why a line tells of no translation. `update`, `identity` and `not-flow` (a packet, of NFLOG) are usual; the others are
 * faults. `no-address`: the filter IP2STR is missing in ulogd's stack.
 */
export type NoFlow = 'not-json' | 'no-address' | 'update' | 'identity' | 'not-flow';

const MOST_CHARACTERS = 2048;
/** NFCT_T_NEW, NFCT_T_UPDATE, NFCT_T_DESTROY of libnetfilter_conntrack. */
const EVENT = { new: 1, update: 2, destroy: 4 } as const;

type Values = Readonly<Record<string, unknown>>;

/**
 * Reads a line of ulogd2's output JSON after its input NFCT and its filter IP2STR: one flat object. The output writes a
 * key under its name of the common information model where it has one, so that the original's addresses are `src_ip`
 * and `dest_ip`.
 */
export function ulogdFlow(line: string): UlogdFlow | NoFlow {
  const values = line.length > MOST_CHARACTERS ? null : objectIn(line);
  if (values === null) return 'not-json';
  const event = whole(values['ct.event'], EVENT.destroy);
  if (event === null) return 'not-flow';
  if (event !== EVENT.new && event !== EVENT.destroy) return 'update';
  const original = tuple(values, 'orig', ['src_ip', 'dest_ip', 'src_port', 'dest_port']);
  const reply = tuple(values, 'reply', []);
  if (original === null || reply === null) return 'no-address';
  const sides = translatedSides(original, reply);
  if (sides === null) return 'identity';
  return {
    ...sides,
    startMs: time(values, 'flow.start'),
    endMs: time(values, 'flow.end'),
    ended: event === EVENT.destroy,
    protocol: whole(values['orig.ip.protocol'], 255),
    flow: whole(values['ct.id'], 2 ** 32 - 1) || null,
  };
}

function objectIn(line: string): Values | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : null;
  } catch {
    return null;
  }
}

/** A whole number from 0 to `most`, else null. */
const whole = (value: unknown, most: number): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most ? value : null;

/** @param names  what source, destination and their ports are also called */
function tuple(
  values: Values,
  way: string,
  [source = '', destination = '', sourcePort = '', destinationPort = '']: readonly string[],
): { readonly source: Endpoint; readonly destination: Endpoint } | null {
  const from = endpoint(
    values[`${way}.ip.saddr.str`] ?? values[source],
    values[`${way}.l4.sport`] ?? values[sourcePort],
  );
  const to = endpoint(
    values[`${way}.ip.daddr.str`] ?? values[destination],
    values[`${way}.l4.dport`] ?? values[destinationPort],
  );
  return from === null || to === null ? null : { source: from, destination: to };
}

function endpoint(address: unknown, port: unknown): Endpoint | null {
  const canonical = typeof address === 'string' ? canonicalAddress(address) : null;
  if (canonical === null) return null;
  return { address: canonical, port: typeof port === 'number' ? canonicalPort(`${port}`) : null };
}

function time(values: Values, name: string): number | null {
  const seconds = whole(values[`${name}.sec`], 2 ** 32 - 1);
  if (seconds === null || seconds === 0) return null;
  return seconds * 1000 + Math.floor((whole(values[`${name}.usec`], 999_999) ?? 0) / 1000);
}

import { addressOf, endpointOf, protocolOf, rangeOf, told } from '../told.ts';
import type { ToldTranslation } from '../../feed.ts';

interface Columns {
  readonly protocol: string;
  readonly inside4: string;
  /** A VRF, or (NAT64) the inside's IPv6 address. */
  readonly realm: string;
  readonly inside6: string;
  readonly outside: string;
  readonly insidePort: string;
  readonly low: string;
  readonly high: string;
  readonly remote: string;
  readonly remotePort: string;
}

const NAMES = {
  5: ['inside4', 'realm', 'outside', 'low', 'high'],
  7: ['protocol', 'inside4', 'realm', 'outside', 'insidePort', 'low', 'high'],
  8: ['protocol', 'inside4', 'realm', 'inside6', 'outside', 'insidePort', 'low', 'high'],
  10: [
    'protocol',
    'inside4',
    'realm',
    'inside6',
    'outside',
    'insidePort',
    'low',
    'high',
    'remote',
    'remotePort',
  ],
} as const satisfies Readonly<Record<number, readonly (keyof Columns)[]>>;

const NONE: Columns = {
  protocol: '-',
  inside4: '-',
  realm: '-',
  inside6: '-',
  outside: '-',
  insidePort: '-',
  low: '-',
  high: '-',
  remote: '-',
  remotePort: '-',
};

/**
 * Reads the columns in brackets that Huawei and Cisco share (`-`: not told): 7 of Huawei, 8 or 10 of IOS XR, which has
 * a VRF besides the IPv6 address, and 5 with neither protocol nor inside port. Null when they make no sense.
 */
export function readCgnFields(letter: string, words: readonly string[]): ToldTranslation[] | null {
  const columns = columnsOf(words);
  if (columns === null) return null;
  const event = letter === 'A' ? 'create' : 'delete';
  const six = columns.inside6 === '-' && addressOf(columns.realm) !== null ? columns.realm : columns.inside6;
  const realm = columns.realm === '-' || columns.realm === six ? '' : columns.realm;
  const inside = endpointOf(columns.inside4 === '-' ? six : columns.inside4, columns.insidePort);
  const outside = rangeOf(columns.outside, columns.low, columns.high);
  const remote = columns.remote === '-' ? null : endpointOf(columns.remote, columns.remotePort);
  // A withdrawal may name the inside alone.
  const untold = event === 'delete' && columns.outside === '-';
  if (inside === null || (outside === null && !untold)) return null;
  if (columns.remote !== '-' && remote === null) return null;
  return told({ event, inside, outside, realm, protocol: protocolOf(columns.protocol), remote });
}

function columnsOf(words: readonly string[]): Columns | null {
  const { length } = words;
  if (length !== 5 && length !== 7 && length !== 8 && length !== 10) return null;
  return { ...NONE, ...Object.fromEntries(NAMES[length].map((name, index) => [name, words[index] ?? '-'])) };
}

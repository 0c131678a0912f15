import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { canonicalAddress, type IpAddress } from '../../model/address.ts';
import { addressText } from '../address-text.ts';

/**
 * Datagrams that Linux dropped because a UDP socket's receive buffer was full, since the socket was opened; null where
 * it cannot be told (another system, a socket that is not in the table).
 */
export function kernelDrops(address: string, family: string, port: number): number | null {
  try {
    return dropsIn(
      readFileSync(family === 'IPv6' ? '/proc/net/udp6' : '/proc/net/udp', 'latin1'),
      address,
      port,
    );
  } catch {
    return null;
  }
}

/**
 * Looks a bound socket up in a table as /proc/net/udp has it: `local_address` is hex, each four bytes of the address
 * in the machine's own order, then the port; `drops` is the last column.
 * @param address  that the socket is bound to
 */
export function dropsIn(table: string, address: string, port: number): number | null {
  const local = canonicalAddress(address);
  const [head = '', ...rows] = table.split('\n');
  if (local === null || !/\sdrops\s*$/.test(head)) return null;
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const row of rows) {
    // The row's columns: its number, local and remote address, state, and more until the last one.
    const columns = row.trim().split(/\s+/);
    const [, place = '', remote = ''] = columns;
    if (!place.endsWith(end) || !/^0+:0000$/.test(remote)) continue;
    if (addressOf(place.slice(0, -end.length)) !== local) continue;
    const drops = columns.at(-1) ?? '';
    return /^\d{1,15}$/.test(drops) ? Number(drops) : null;
  }
  return null;
}

function addressOf(hex: string): IpAddress | null {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length !== 4 && bytes.length !== 16) return null;
  if (endianness() === 'LE') bytes.swap32();
  return addressText(bytes, 0, bytes.length);
}

import { isUtf8 } from 'node:buffer';
import type { IpAddress } from '../../model/address.ts';
import { addressText } from '../address-text.ts';

/** Four bytes as a number (RFC 2865, 5); null for any other length. */
export function integer(value: Buffer | null | undefined): number | null {
  return value?.length === 4 ? value.readUInt32BE(0) : null;
}

/** UTF-8 (RFC 2865, 5): bytes that are none are kept apart from each other as latin-1. Null when it is empty. */
export function text(value: Buffer | null): string | null {
  if (value === null || value.length === 0) return null;
  return value.toString(isUtf8(value) ? 'utf8' : 'latin1');
}

/** An IPv4 address of four bytes; null for any other length, and for 0.0.0.0, which is none. */
export function address4(value: Buffer | null | undefined): IpAddress | null {
  return value?.length === 4 && value.readUInt32BE(0) !== 0 ? addressText(value, 0, 4) : null;
}

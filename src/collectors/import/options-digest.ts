import { createHash } from 'node:crypto';
import { canonicalJson } from '../../model/canonical-json.ts';
import type { ImportOptions } from './import-files.ts';

type ReadBy = Pick<
  ImportOptions,
  'format' | 'realm' | 'dialect' | 'vendor' | 'zoneMinutes' | 'mapping' | 'own'
>;

/** Of the options that say what is read out of a file of that format, hex. One that lacks nothing but a secret is the same. */
export function optionsDigest({ format, realm, dialect, vendor, zoneMinutes, mapping, own }: ReadBy): string {
  const isPackets = format === 'pcap' || format === 'udp-payload';
  const what = {
    format,
    realm,
    own: [...new Set(own.map((item) => item.toLowerCase()))].sort(),
    ...(isPackets ? { dialect } : {}),
    ...(isPackets || format === 'syslog' ? { vendor, zoneMinutes } : {}),
    ...(format === 'csv' ? { mapping: mapping === null ? null : Object.fromEntries(mapping) } : {}),
  };
  return createHash('sha256').update(canonicalJson(what)).digest('hex').slice(0, 16);
}

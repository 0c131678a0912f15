import { cidr } from './prefix.ts';
import { makePrefixTable, type PrefixTable } from './prefix-table.ts';

/**
 * Addresses that belong to no place: the IANA special-purpose registries, multicast and the reserved rest.
 * Not here, on purpose: `::ffff:0:0/96`, `64:ff9b::/96` and `2002::/16`, which embed an IPv4 address.
 */
const SPECIAL_NETWORKS = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local
  '172.16.0.0/12', // private
  '192.0.0.0/24', // IETF protocols
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays, withdrawn
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
  '::/96', // unspecified, loopback, IPv4-compatible (withdrawn)
  '64:ff9b:1::/48', // local-use translation
  '100::/64', // discard
  '100:0:0:1::/64', // dummy prefix
  '2001::/23', // IETF protocols; Teredo, benchmarks, ORCHID
  '2001:db8::/32', // documentation
  '3fff::/20', // documentation
  '5f00::/16', // segment routing
  'fc00::/7', // unique local
  'fe80::/10', // link-local
  'fec0::/10', // site-local, withdrawn
  'ff00::/8', // multicast
] as const;

export const SPECIAL_ADDRESSES: PrefixTable = makePrefixTable(
  SPECIAL_NETWORKS.map((network) => ({ prefix: cidr(network), value: 1 })),
);

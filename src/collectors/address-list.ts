import { BlockList } from 'node:net';
import { isV4, type IpAddress } from '../model/address.ts';

const family = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4');

/** Whether an address is in a list of addresses and CIDRs, which are checked already. */
export function addressList(texts: readonly string[]): (address: IpAddress) => boolean {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', bits] = text.split('/');
    if (bits === undefined) list.addAddress(address, family(address));
    else list.addSubnet(address, Number(bits), family(address));
  }
  return (address) => list.check(address, isV4(address) ? 'ipv4' : 'ipv6');
}

import { BlockList } from 'node:net';
import { canonicalAddress, isV4, type IpAddress } from '../model/address.ts';
import { ShudiError } from '../model/errors.ts';

/**
 * Whether an address is in one of the networks, given as addresses or CIDRs.
 * @throws ShudiError address.invalid
 */
export function addressSet(networks: readonly string[]): (address: IpAddress) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [text = '', bits] = network.split('/');
    const address = canonicalAddress(text);
    if (address === null) throw new ShudiError('address.invalid', 'This is no network.', 'unshared');
    const family = isV4(address) ? 'ipv4' : 'ipv6';
    list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  }
  return (address) => networks.length > 0 && list.check(address, isV4(address) ? 'ipv4' : 'ipv6');
}

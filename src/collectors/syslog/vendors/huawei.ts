import { LEAD, type Vendor } from '../vendor.ts';
import { readCgnFields } from './cgn-fields.ts';

const EVENT = new RegExp(`${LEAD}NAT(?:44|444|64):(?:Session|User)based([AW]) ?\\[([^[\\]]{1,400})\\]`);

/**
 * Huawei NE and NetEngine, flow and user logs: A is assigned, W withdrawn. A format that the operator has made up
 * (other columns, other separators) is not understood.
 */
export const huawei: Vendor = {
  name: 'huawei',
  hint: /\bNAT(?:44|444|64):(?:Session|User)based[AW]/,
  read: ({ text }) => {
    const event = EVENT.exec(text);
    if (event === null) return null;
    const [, letter = '', body = ''] = event;
    return readCgnFields(letter, body.trim().split(/ +/));
  },
};

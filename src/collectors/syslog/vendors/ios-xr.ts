import type { ToldTranslation } from '../../feed.ts';
import { LEAD, type Vendor } from '../vendor.ts';
import { readCgnFields } from './cgn-fields.ts';

const EVENTS = new RegExp(`${LEAD}\\[\\w+ `);
const ITEM = /\[([^[\]]{1,400})\]/g;
const EVENT = /^(?:Session|User)based([AW])D?$/;

/**
 * Cisco CRS and ASR 9000 (CGv6): several events in brackets, all of the header's second. A is assigned, W withdrawn,
 * D has the destination. Others (`Portblockrunout`) tell of no translation.
 */
export const iosXr: Vendor = {
  name: 'ios-xr',
  hint: /\[(?:(?:Session|User)based[AW]D? |Portblockrunout )/,
  read: ({ text }) => {
    // Not the beginning, or cut in the middle of an event.
    if (!EVENTS.test(text) || text.lastIndexOf('[') > text.lastIndexOf(']')) return null;
    const found: ToldTranslation[] = [];
    for (const [, item = ''] of text.matchAll(ITEM)) {
      const [name = '', ...words] = item.trim().split(/ +/);
      const letter = EVENT.exec(name)?.[1];
      if (letter === undefined) continue;
      const translations = readCgnFields(letter, words);
      if (translations === null) return null;
      found.push(...translations);
    }
    return found;
  },
};

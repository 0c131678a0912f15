import type { ToldTranslation } from '../../feed.ts';
import { endpointOf, protocolOf, rangeAt, told } from '../told.ts';
import { LEAD, type Vendor } from '../vendor.ts';

const MESSAGE = new RegExp(`${LEAD}%(?:ASA|FTD|PIX|FWSM)-(?:[a-z]{1,16}-)?\\d-(\\d{6}): ?`);

/** Connections, which repeat what 305011 and 305012 say of the translation. */
const CONNECTIONS = new Set(['302013', '302014', '302015', '302016', '302020', '302021']);
const EVENTS: ReadonlyMap<string, 'create' | 'delete'> = new Map([
  ['305009', 'create'],
  ['305010', 'delete'],
  ['305011', 'create'],
  ['305012', 'delete'],
]);

const INTERFACE = '[^\\s:()]{1,64}(?: ?\\([^()]{1,64}\\))?';
const REAL = new RegExp(
  `^(?:Built|Teardown) (?:dynamic |static )?(?:(\\S{1,16}) )?translation from ${INTERFACE}:([^\\s/()]{1,64})(?:/(\\d{1,5}))?(?=[ (])`,
);
/** Read from the end: a user's name in brackets may lie between, and may hold what it likes. */
const MAPPED = new RegExp(`^${INTERFACE}:([^\\s/()]{1,64})(?:/(\\d{1,5}))?(?: duration [0-9:dhms]{1,32})?$`);

/** Cisco ASA and its kin: `from` is the real side (ours), `to` the mapped one. Of ICMP the ports are identifiers. */
export const asa: Vendor = {
  name: 'asa',
  hint: /-30(?:20(?:1[3-6]|2[01])|50(?:09|1[0-2])): /,
  read: ({ text }) => {
    const message = MESSAGE.exec(text);
    if (message === null) return null;
    const [, id = ''] = message;
    if (CONNECTIONS.has(id)) return [];
    const event = EVENTS.get(id);
    if (event === undefined) return null;
    return translation(event, text.slice(message[0].length).trimEnd());
  },
};

function translation(event: 'create' | 'delete', text: string): ToldTranslation[] | null {
  const real = REAL.exec(text);
  const to = text.lastIndexOf(' to ');
  const mapped = to === -1 ? null : MAPPED.exec(text.slice(to + ' to '.length));
  if (real === null || mapped === null) return null;
  const inside = endpointOf(real[2], real[3]);
  const outside = endpointOf(mapped[1], mapped[2]);
  if (inside === null || outside === null) return null;
  return told({ event, inside, outside: rangeAt(outside), protocol: protocolOf(real[1]) });
}

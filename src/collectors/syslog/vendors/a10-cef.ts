import type { ToldTranslation } from '../../feed.ts';
import { endpointOf, protocolOf, rangeOf, told } from '../told.ts';
import { LEAD } from '../vendor.ts';

const HEAD = new RegExp(
  `${LEAD}CEF:\\d\\|A10\\|[^|]{0,64}\\|[^|]{0,64}\\|CGN (\\d{1,4})\\|[^|]{0,128}\\|[^|]{0,16}\\|`,
);

/** 100, 101: one port. 106, 107: a batch of ports, whose last is in `cn3`. */
const EVENTS: ReadonlyMap<string, { readonly event: 'create' | 'delete'; readonly batch: boolean }> = new Map(
  [
    ['100', { event: 'create', batch: false }],
    ['101', { event: 'delete', batch: false }],
    ['106', { event: 'create', batch: true }],
    ['107', { event: 'delete', batch: true }],
  ],
);

const FIELDS: Readonly<Record<string, RegExp>> = Object.fromEntries(
  ['proto', 'src', 'spt', 'sourceTranslatedAddress', 'sourceTranslatedPort', 'cn3', 'dst', 'dpt'].map(
    (name) => [name, new RegExp(`(?:^|\\s)${name}=(\\S{1,64})(?=\\s|$)`)],
  ),
);

/** Reads A10's events in ArcSight's format (CEF): the fields follow the seventh bar as `name=value`. */
export function readA10Cef(text: string): ToldTranslation[] | null {
  const head = HEAD.exec(text);
  const kind = EVENTS.get(head?.[1] ?? '');
  if (head === null || kind === undefined) return null;
  const fields = text.slice(head[0].length);
  const field = (name: string): string | undefined => FIELDS[name]?.exec(fields)?.[1];
  const batch = kind.batch && fields.includes('cn3Label=Last Nat Port');
  if (kind.batch && !batch) return null;
  const inside = endpointOf(field('src'), batch ? '-' : field('spt'));
  const low = field('sourceTranslatedPort');
  const outside = rangeOf(field('sourceTranslatedAddress'), low, batch ? (field('cn3') ?? 'none') : low);
  const remoteText = field('dst');
  const remote = remoteText === undefined ? null : endpointOf(remoteText, field('dpt'));
  if (inside === null || outside === null || (remoteText !== undefined && remote === null)) return null;
  return told({ event: kind.event, inside, outside, protocol: protocolOf(field('proto')), remote });
}

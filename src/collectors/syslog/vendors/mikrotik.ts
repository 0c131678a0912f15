import type { Endpoint } from '../../../model/address.ts';
import type { ToldTranslation } from '../../feed.ts';
import { endpointIn, protocolOf, rangeAt, told } from '../told.ts';
import type { SyslogLine, Vendor } from '../vendor.ts';

const ENDPOINT = '([^\\s(),>-]{2,64})';
const SIDE = `(?:\\(${ENDPOINT}->${ENDPOINT}\\)|${ENDPOINT})`;
const SIDES = new RegExp(`^${SIDE}->${SIDE}(?=,|\\s|$)`);
const NAT = ', NAT ';
/** `firewall,info prefix forward: in:...`, where the topics, or the topics and the chain may be missing. */
const FIREWALL =
  /^(?:- ){0,4}(?:(?:[^\s-]\S{0,63} )?firewall,|(?:[\w-]{1,64} (?:- ){1,3})?(?:[\w-]{1,64}: ?)?in:)/;

/**
 * RouterOS firewall logging: `a->b, NAT (a->x)->b`, or `NAT b->(x->a)` on the destination's side, which is what replies
 * and dst-nat have. It logs packets, not ends: a translation was seen, no more. Interfaces name subscribers: not kept.
 */
export const mikrotik: Vendor = {
  name: 'mikrotik',
  hint: /, NAT \(?[0-9a-fA-F.:[\]]{2,64}->/,
  read: (line) => {
    // The last one: an interface has its subscriber's user name, which may hold what it likes, and stands before it.
    const at = line.text.lastIndexOf(NAT);
    const match = !FIREWALL.test(line.text) ? null : SIDES.exec(line.text.slice(at + NAT.length));
    if (at === -1 || match === null) return null;
    const sides = [match[1] ?? match[3], match[2] ?? match[3], match[4] ?? match[6], match[5] ?? match[6]];
    const [source, newSource, target, newTarget] = sides.map((text) => endpointIn(text));
    if (!source || !newSource || !target || !newTarget) return null;
    const protocol = protocolIn(line.text.slice(0, at));
    return [
      ...seen(line, protocol, source, newSource, newTarget),
      ...seen(line, protocol, newTarget, target, source),
    ];
  },
};

function seen(
  { timeMs }: SyslogLine,
  protocol: number | null,
  inside: Endpoint,
  outside: Endpoint,
  remote: Endpoint,
): ToldTranslation[] {
  return told({ event: 'flow', timeMs, inside, outside: rangeAt(outside), protocol, remote });
}

function protocolIn(head: string): number | null {
  const at = head.lastIndexOf('proto ');
  return at === -1 ? null : protocolOf(/^[\w-]{1,16}/.exec(head.slice(at + 'proto '.length))?.[0]);
}

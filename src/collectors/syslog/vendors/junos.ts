import type { ToldTranslation } from '../../feed.ts';
import { endpointOf, hexSeconds, rangeOf, told } from '../told.ts';
import { LEAD, type Vendor } from '../vendor.ts';

const KIND = new RegExp(`${LEAD}RT_SRC_NAT_PBA_(ALLOC|RELEASE|INTERIM)\\b`);
const EVENTS = { ALLOC: 'create', RELEASE: 'delete', INTERIM: 'interim' } as const;

/** RFC 5424, 6.3.3: a quote within a value has a backslash before it. A name begins after a blank or the bracket. */
const PARAMETER = /[\s[]([\w.-]{1,64})="((?:[^"\\]|\\.)*)"/g;
const SUBSCRIBER = /\bSubscriber (\S{1,64}) /;
const BLOCK = /\bport block \[(\d{1,5})-(\d{1,5})\] (?:from|to) (\S{1,64})/;
const EPOCH = /\bepoch (?:time )?(0x[0-9a-f]{1,16})\b/i;

interface Block {
  readonly inside: string | undefined;
  readonly outside: string | undefined;
  readonly low: string | undefined;
  readonly high: string | undefined;
  readonly epoch: string | undefined;
}

/**
 * Port blocks of SRX and of MX with an SPC3 card, structured or as text. `reflexive-ip` is the outside. The epoch is
 * that of the allocation also in an INTERIM; a RELEASE has its own.
 */
export const junos: Vendor = {
  name: 'junos',
  hint: /RT_SRC_NAT_PBA_/,
  read: ({ text }) => {
    const kind = KIND.exec(text);
    if (kind === null) return null;
    const body = text.slice(kind[0].length);
    return translation(EVENTS[kind[1] as keyof typeof EVENTS], structured(body) ?? plain(body));
  },
};

function structured(text: string): Block | null {
  const values = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(PARAMETER))
    if (!values.has(name)) values.set(name, value);
  if (!values.has('internal-ip')) return null;
  return {
    inside: values.get('internal-ip'),
    outside: values.get('reflexive-ip'),
    low: values.get('block-port-low'),
    high: values.get('block-port-high'),
    epoch: values.get('epoch-time-64') ?? values.get('epoch-time') ?? values.get('epoch'),
  };
}

function plain(text: string): Block {
  const block = BLOCK.exec(text);
  return {
    inside: SUBSCRIBER.exec(text)?.[1],
    outside: block?.[3],
    low: block?.[1],
    high: block?.[2],
    epoch: EPOCH.exec(text)?.[1],
  };
}

function translation(event: 'create' | 'delete' | 'interim', block: Block): ToldTranslation[] | null {
  const inside = endpointOf(block.inside);
  const outside = rangeOf(block.outside, block.low, block.high);
  if (inside === null || outside === null || outside.low === null) return null;
  return told({ event, inside, outside, timeMs: hexSeconds(block.epoch) });
}

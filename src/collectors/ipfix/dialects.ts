import { IE } from './elements.ts';
import type { Plan } from './plan.ts';
import type { Field } from './template.ts';

/**
 * How an exporter tells of translations:
 * - `rfc8158`: natEvent as RFC 8158 numbers it (VPP and pflow use its 4 and 5);
 * - `hsl`: natEvent 1 and 2 (Cisco IOS XE high-speed logging, ipt_NETFLOW, NEL);
 * - `juniper-mx`: natEvent as the draft before it numbered it, 14 and 15 for port blocks;
 * - `asr9k`: the template's number is the event (Cisco CRS and ASR 9000 carrier-grade NAT);
 * - `nokia`: a template with a beginning is a create, one with an end a delete; the inside is in a text of its own;
 * - `nsel`: firewallEvent (Cisco ASA);
 * - `flow`: flow records with post-NAT fields.
 */
export const DIALECTS = ['rfc8158', 'hsl', 'juniper-mx', 'asr9k', 'nokia', 'nsel', 'flow'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** `notice`: it tells of the device (no address or port is left, a quota is reached), not of a translation. */
export type Meaning = 'create' | 'delete' | 'notice';

const RFC8158: Readonly<Record<number, Meaning>> = {
  1: 'create',
  2: 'delete',
  3: 'notice',
  4: 'create',
  5: 'delete',
  6: 'create',
  7: 'delete',
  8: 'create',
  9: 'delete',
  10: 'create',
  11: 'delete',
  12: 'notice',
  13: 'notice',
  14: 'create',
  15: 'delete',
  16: 'create',
  17: 'delete',
  18: 'notice',
};

const HSL: Readonly<Record<number, Meaning>> = { 1: 'create', 2: 'delete', 3: 'notice' };

const JUNIPER: Readonly<Record<number, Meaning>> = {
  1: 'create',
  2: 'delete',
  3: 'notice',
  4: 'create',
  5: 'delete',
  14: 'create',
  15: 'delete',
};

const EVENTS = { rfc8158: RFC8158, hsl: HSL, 'juniper-mx': JUNIPER } as const;

/** What a natEvent (IE 230) means; undefined when the dialect has none of this number. */
export function natEventMeaning(dialect: keyof typeof EVENTS, event: number): Meaning | undefined {
  return EVENTS[dialect][event];
}

/** IE 233: 1 created, 2 deleted; 3 denied, 4 alert and 5 update create nothing. */
export function firewallMeaning(event: number): Meaning | undefined {
  if (event === 1) return 'create';
  if (event === 2) return 'delete';
  return event >= 3 && event <= 5 ? 'notice' : undefined;
}

/** The templates of Cisco's carrier-grade NAT: a translation's, a port block's and a session's. */
export function templateMeaning(id: number): Meaning | undefined {
  if (id === 256 || id === 265 || id === 271) return 'create';
  return id === 257 || id === 266 || id === 272 ? 'delete' : undefined;
}

const has = (plan: Plan, slot: keyof Plan['places']): boolean => plan.places[slot].offset !== -1;

/** Whether records of the template can tell of a translation at all. */
export function tellsTranslations(plan: Plan): boolean {
  return (
    has(plan, 'natEvent') ||
    has(plan, 'postSource4') ||
    has(plan, 'postSource6') ||
    has(plan, 'postDestination4') ||
    has(plan, 'postDestination6') ||
    isNokia(plan) ||
    (templateMeaning(plan.template.id) === 'delete' && isTimeless(plan) && has(plan, 'source4'))
  );
}

const isTimeless = ({ times }: Plan): boolean =>
  times.observed === null && times.began === null && times.ended === null;

/** Whether it tells of a beginning or of an end, and not of both. */
const isOneSided = ({ times }: Plan): boolean => (times.began === null) !== (times.ended === null);

/** Nokia's format 1 has no post-NAT field: its own text of the subscriber shows that it tells of a translation. */
const isNokia = (plan: Plan): boolean => has(plan, 'subscriber') && isOneSided(plan);

/**
 * Recognises the dialect of a template's records by its shape, and of natEvent's numbers by those that were seen.
 * @param seen  bit n is set when natEvent n has come from this exporter
 */
export function recognise(plan: Plan, seen: number): Dialect {
  if (has(plan, 'natEvent')) return natEventDialect(plan, seen);
  if (has(plan, 'firewallEvent')) return 'nsel';
  if (isNokia(plan)) return 'nokia';
  const { template } = plan;
  if (template.fields.some(isCounter) || has(plan, 'postDestination4') || has(plan, 'postDestination6'))
    return 'flow';
  if (templateMeaning(template.id) !== undefined && isTimeless(plan)) return 'asr9k';
  return isOneSided(plan) ? 'nokia' : 'flow';
}

/** What flows have and events do not. */
const isCounter = ({ element, enterprise }: Field): boolean =>
  enterprise === 0 && (element === IE.octetDeltaCount || element === IE.packetDeltaCount);

const bits = (...events: number[]): number => events.reduce((all, event) => all | (1 << event), 0);
const OLD = bits(1, 2);
const ONLY_RFC8158 = bits(6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18);
const DRAFT_BLOCKS = bits(14, 15);

function natEventDialect(plan: Plan, seen: number): Dialect {
  if ((seen & ONLY_RFC8158) !== 0) return 'rfc8158';
  const draft = (seen & DRAFT_BLOCKS) !== 0 && has(plan, 'blockStart');
  if (draft || ((seen & OLD) !== 0 && (seen & bits(4, 5)) !== 0)) return 'juniper-mx';
  return (seen & OLD) !== 0 ? 'hsl' : 'rfc8158';
}

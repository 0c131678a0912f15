import type { Subject } from '../../model/accounts.ts';
import { endpointText, type Endpoint } from '../../model/address.ts';
import type { ConnectionRecord } from '../../model/records.ts';
import { regionLabel, type RegionAnswer } from '../../model/region.ts';
import type { Millis } from '../../model/time.ts';
import { NOWHERE, type Place } from '../../platform/registry.ts';

/** What is recorded of a contact, and the region of its client. */
export interface ContactFacts extends Omit<ConnectionRecord, 'type'> {
  readonly region: RegionAnswer;
}

interface UnderWay {
  readonly stored: Promise<void>;
  before: UnderWay | null;
  settled: boolean;
}

/** A client endpoint that is connected now, and how far its record has come. */
export class LiveContact {
  readonly facts: ContactFacts;
  /** The time of the client's last byte. */
  lastByte: Millis;
  /** What the last stored checkpoint said. */
  checkpointed: Millis;
  /** Whether its record was handed to the recorder in this run. */
  stored = false;
  ended = false;
  /** Where the book holds it, of a client that is connected to us itself. */
  place: Place = NOWHERE;
  /** Exchanges under way. */
  uses = 0;
  #underWay: UnderWay | null = null;
  /** Most contacts are bound to nobody. */
  #bound: Set<Subject> | null = null;
  #lines: { language: string; text: string } | null = null;

  constructor(facts: ContactFacts) {
    this.facts = facts;
    this.lastByte = facts.from;
    this.checkpointed = facts.from;
  }

  record(): ConnectionRecord {
    const { region: _region, ...facts } = this.facts;
    return { type: 'connection', ...facts };
  }

  isBound(subject: Subject): boolean {
    return this.#bound?.has(subject) === true;
  }

  bind(subject: Subject): void {
    // A set that forgets costs one more record, never a missing one.
    if (this.#bound === null || this.#bound.size >= MAX_BOUND) this.#bound = new Set();
    this.#bound.add(subject);
  }

  unbind(subject: Subject): void {
    this.#bound?.delete(subject);
  }

  /** The last append that is not settled yet. They become durable in order, so waiting for it is waiting for all. */
  get pending(): Promise<void> | null {
    return this.#underWay?.stored ?? null;
  }

  /** Counts an append as under way until it is settled. @param undo  takes back what it was to store, if it is refused */
  follow(stored: Promise<void>, undo: () => void): void {
    const own: UnderWay = { stored, before: this.#underWay, settled: false };
    this.#underWay = own;
    const settle = (): void => {
      own.settled = true;
      while (this.#underWay?.settled === true) this.#underWay = this.#underWay.before;
    };
    stored.then(
      () => {
        // What was sent before it is settled too.
        own.before = null;
        settle();
      },
      () => {
        undo();
        settle();
      },
    );
  }

  /** The header lines about this client that the upstream gets, made once. */
  forwardLines(language: 'zh' | 'en', scheme: 'http' | 'https'): string {
    if (this.#lines?.language === language) return this.#lines.text;
    const { client, region } = this.facts;
    const label = encodeURIComponent(regionLabel(region.code, language));
    const node =
      client.address.includes(':') || client.port !== null ? `"${bracketed(client)}"` : client.address;
    // Joined, the text is one piece; added up, it would keep all its pieces for as long as the contact.
    const text = [
      `X-Forwarded-For: ${client.address}\r\nX-Forwarded-Proto: ${scheme}\r\n`,
      `Forwarded: for=${node};proto=${scheme}\r\n`,
      `X-IP-Region: ${region.code}\r\nX-IP-Region-Label: ${label}\r\nVia: 1.1 shudi\r\n`,
    ].join('');
    this.#lines = { language, text };
    return text;
  }
}

const MAX_BOUND = 256;

/** RFC 7239, 6: IPv6 in brackets. */
function bracketed(endpoint: Endpoint): string {
  return endpoint.port === null && endpoint.address.includes(':')
    ? `[${endpoint.address}]`
    : endpointText(endpoint);
}

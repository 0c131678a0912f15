import { readFileSync } from 'node:fs';
import { ShudiError } from '../../model/errors.ts';
import type { Millis } from '../../model/time.ts';
import { addressText } from '../address-text.ts';
import { ByteReader } from '../capture/byte-reader.ts';
import { datagramIn, type Datagram } from '../capture/datagram.ts';
import { framesIn, isCapture } from '../capture/packet-file.ts';
import { readHead } from '../ipfix/message.ts';
import { IpfixReceiver } from '../ipfix/receiver.ts';
import { readAccounting } from '../radius/accounting.ts';
import { readRequest } from '../radius/packet.ts';
import { toldAccounting } from '../radius/told.ts';
import { SyslogReceiver } from '../syslog/receiver.ts';
import type { Reading, ReadingOptions } from './reading.ts';

const ACCOUNTING_PORTS: ReadonlySet<number> = new Set([1813, 1646]);

/** Captures (pcap, pcapng) and raw UDP payloads: each sender has templates of its own. */
export class PacketReading implements Reading {
  readonly #options: ReadingOptions;
  readonly #isCapture: boolean;
  readonly #ipfix: IpfixReceiver;
  readonly #syslog: SyslogReceiver;
  #others = 0;

  /** @param isCapture  else each file is one payload */
  constructor(options: ReadingOptions, isCapture: boolean) {
    const { source, dialect, vendor, zoneMinutes, clock } = options;
    this.#options = options;
    this.#isCapture = isCapture;
    // By the system's clock: data wait for their template however far apart the packets were captured.
    this.#ipfix = new IpfixReceiver({ sourceOf: () => ({ feed: source, dialect }) });
    this.#syslog = new SyslogReceiver({
      clock: () => clock.now,
      sourceOf: () => ({ feed: source, vendor, zoneMinutes }),
    });
  }

  async file(path: string, turn: (bytesRead: number) => Promise<void>): Promise<void> {
    if (!this.#isCapture) {
      const payload = readFileSync(path);
      const head = readHead(payload, 0, payload.length);
      if (typeof head !== 'string') this.#options.clock.now = head.exportMs as Millis;
      await this.#payload(payload, 'file', 0);
      await turn(payload.length);
      return;
    }
    const reader = new ByteReader(path);
    try {
      await this.#capture(reader, path, turn);
    } finally {
      reader.close();
    }
  }

  records(): number {
    const senders = [...this.#syslog.status().senders.values()];
    return (
      this.#ipfix.status().reduce((sum, { records }) => sum + records, 0) +
      senders.reduce((sum, { lines }) => sum + lines, 0) +
      this.#others
    );
  }

  pending(): number {
    return this.#ipfix.status().reduce((sum, { pending }) => sum + pending, 0);
  }

  async #capture(
    reader: ByteReader,
    path: string,
    turn: (bytesRead: number) => Promise<void>,
  ): Promise<void> {
    const { source, clock } = this.#options;
    if (!isCapture(reader)) throw new ShudiError('import.format', 'The file is no pcap or pcapng.', path);
    const frames = framesIn(reader);
    for (;;) {
      const step = frames.next();
      if (step.done === true) {
        if (step.value !== null) source.rejected(`capture-${step.value}`, 1);
        return;
      }
      clock.now = step.value.atMs as Millis;
      const datagram = datagramIn(step.value);
      if (datagram === 'not-udp' || datagram === 'not-ip') source.rejected(`frame-${datagram}`, 1);
      else if (typeof datagram === 'string') source.unread(`frame-${datagram}`, 1);
      else await this.#datagram(datagram);
      await turn(reader.position);
    }
  }

  async #datagram({ source, payload, destinationPort }: Datagram): Promise<void> {
    const from = addressText(source, 0, source.length === 4 ? 4 : 16);
    // A buffer of its own: the records that wait for a template are kept.
    await this.#payload(Buffer.from(payload), from, destinationPort);
  }

  async #payload(payload: Buffer, from: string, port: number): Promise<void> {
    const { source, radius, clock } = this.#options;
    const address = from as Parameters<IpfixReceiver['datagram']>[1];
    if (ACCOUNTING_PORTS.has(port)) {
      if (radius === null) source.rejected('radius-without-secret', 1);
      else await accounting(payload, radius, clock.now);
      this.#others += 1;
    } else if (isText(payload)) this.#syslog.datagram(payload, address);
    else this.#ipfix.datagram(payload, address);
  }
}

async function accounting(
  payload: Buffer,
  { feed, secret }: NonNullable<ReadingOptions['radius']>,
  receivedMs: number,
): Promise<void> {
  const request = readRequest(payload, secret);
  if (typeof request === 'string') {
    feed.rejected(`radius-${request}`, 1);
    return;
  }
  const read = readAccounting(request);
  if (typeof read === 'string') feed.rejected(`radius-${read}`, 1);
  // What it tells is stored with the batch: nobody waits for an answer here.
  else void feed.account(toldAccounting(read, payload, receivedMs));
}

/** A syslog line begins with its priority; IPFIX and NetFlow begin with a version of two bytes. */
const isText = (payload: Buffer): boolean => payload[0] === 0x3c || (payload[0] ?? 0) >= 0x20;

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addressText } from '../../../src/collectors/address-text.ts';
import { ByteReader } from '../../../src/collectors/capture/byte-reader.ts';
import { datagramIn } from '../../../src/collectors/capture/datagram.ts';
import { framesIn } from '../../../src/collectors/capture/packet-file.ts';
import { Decoder, type DecoderStatus } from '../../../src/collectors/ipfix/decoder.ts';
import type { AddressPlace, NatEvent } from '../../../src/collectors/ipfix/nat-event.ts';
import { sharedCapture } from '../shared-captures.ts';

interface Seen {
  readonly timeMs: number;
  readonly event: string;
  readonly proto: number;
  readonly inside: { address: string | null; port: number };
  readonly outside: { address: string | null; port: number };
  readonly remote: { address: string | null; port: number };
}

function copy(event: NatEvent): Seen {
  const address = ({ at, size }: AddressPlace): string | null =>
    size === 0 ? null : addressText(event.bytes, at, size);
  return {
    timeMs: event.timeMs,
    event: event.action,
    proto: event.protocol,
    inside: { address: address(event.inside), port: event.insidePort },
    outside: { address: address(event.outside), port: event.outsideLow },
    remote: { address: address(event.remote), port: event.remotePort },
  };
}

function decode(payloads: Iterable<Buffer>): { seen: Seen[]; status: DecoderStatus } {
  const seen: Seen[] = [];
  const decoder = new Decoder({
    dialect: null,
    onEvent: (event) => seen.push(copy(event)),
    onLost: () => undefined,
    onRestart: () => undefined,
  });
  for (const payload of payloads) decoder.take(payload);
  return { seen, status: decoder.status() };
}

function* payloadsOf(name: string): Generator<Buffer> {
  const reader = new ByteReader(sharedCapture(name));
  try {
    const frames = framesIn(reader);
    for (let step = frames.next(); ; step = frames.next()) {
      if (step.done === true) {
        expect(step.value).toBeNull();
        return;
      }
      const datagram = datagramIn(step.value);
      if (typeof datagram === 'string') throw new Error(datagram);
      yield datagram.payload;
    }
  } finally {
    reader.close();
  }
}

describe('captures of real exporters', () => {
  it('NEL: every translation of expected.json, and nothing else', () => {
    const expected: unknown = JSON.parse(readFileSync(sharedCapture('expected.json'), 'utf8'));
    const { seen, status } = decode(payloadsOf('netflow9-nel-nat.pcap'));
    expect(seen).toEqual((expected as Record<string, unknown>)['netflow9-nel-nat.pcap']);
    expect(status).toMatchObject({ events: 9, lost: 0, pending: 0, dialects: ['hsl'], rejected: {} });
  });

  it('FortiGate: 146 records of 12 templates, data before its template among them', () => {
    const { seen, status } = decode(payloadsOf('netflow9-fortigate-300d.pcap'));
    expect(status).toMatchObject({ records: 146, templates: 12, pending: 0, dialects: ['flow'] });
    expect(seen).toContainEqual(
      expect.objectContaining({
        inside: { address: '172.30.1.188', port: 37_033 },
        outside: { address: '139.60.168.65', port: 37_033 },
      }),
    );
  });

  it('MikroTik: 46 records, translations without ports', () => {
    const { seen, status } = decode(
      ['tpl', 'data258', 'data259'].map((part) => readFileSync(sharedCapture(`ipfix-mikrotik-${part}.dat`))),
    );
    expect(status).toMatchObject({ records: 46, pending: 0, dialects: ['flow'] });
    expect(seen.every(({ outside, inside }) => outside.port === 0 && inside.port === 0)).toBe(true);
    expect(seen).toContainEqual(
      expect.objectContaining({
        inside: { address: '10.10.8.197', port: 0 },
        outside: { address: '192.168.230.216', port: 0 },
      }),
    );
  });

  it('ASA: 14 records, all of them identity', () => {
    const { seen, status } = decode(
      ['tpl', 'data'].map((part) => readFileSync(sharedCapture(`netflow9-asa-1-${part}.dat`))),
    );
    expect(seen).toEqual([]);
    expect(status).toMatchObject({ records: 14, dialects: ['nsel'] });
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../../src/collectors/capture/byte-reader.ts';
import { datagramIn } from '../../../src/collectors/capture/datagram.ts';
import {
  framesIn,
  isCapture,
  type FileFault,
  type Frame,
} from '../../../src/collectors/capture/packet-file.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { ethernet, numbers, pcap } from './write-pcap.ts';

function block(type: number, body: Buffer): Buffer {
  const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
  const length = 12 + padded.length;
  return Buffer.concat([numbers(true, [type, 4], [length, 4]), padded, numbers(true, [length, 4])]);
}

function pcapng(frames: readonly Buffer[]): Buffer {
  const section = block(
    0x0a0d0d0a,
    numbers(true, [0x1a2b3c4d, 4], [1, 2], [0, 2], [0xffffffff, 4], [0xffffffff, 4]),
  );
  // Nanoseconds: if_tsresol 9.
  const described = block(
    1,
    Buffer.concat([numbers(true, [1, 2], [0, 2], [65_535, 4], [9, 2], [1, 2]), Buffer.from([9, 0, 0, 0])]),
  );
  const stamp = 1000_250_000_000n;
  const packets = frames.map((frame) =>
    block(
      6,
      Buffer.concat([
        numbers(
          true,
          [0, 4],
          [Number(stamp >> 32n), 4],
          [Number(stamp & 0xffffffffn), 4],
          [frame.length, 4],
          [frame.length, 4],
        ),
        frame,
      ]),
    ),
  );
  return Buffer.concat([section, described, block(11, Buffer.alloc(8)), ...packets]);
}

function read(bytes: Buffer): { frames: Frame[]; fault: FileFault | null } {
  const path = join(temporaryDirectory(), 'capture');
  writeFileSync(path, bytes);
  const reader = new ByteReader(path);
  const frames: Frame[] = [];
  try {
    const source = framesIn(reader);
    for (let step = source.next(); ; step = source.next()) {
      if (step.done === true) return { frames, fault: step.value };
      frames.push(step.value);
    }
  } finally {
    reader.close();
  }
}

const PAYLOAD = Buffer.from('a datagram');

describe('a capture file', () => {
  it.each([
    ['pcap, little-endian', pcap([ethernet(PAYLOAD), ethernet(PAYLOAD, 2)])],
    ['pcap, big-endian', pcap([ethernet(PAYLOAD), ethernet(PAYLOAD, 1)], { little: false })],
    ['pcap, nanoseconds', pcap([ethernet(PAYLOAD), ethernet(PAYLOAD)], { nanoseconds: true })],
    ['pcapng', pcapng([ethernet(PAYLOAD), ethernet(PAYLOAD, 1)])],
  ])('%s: its datagrams with their times', (_name, bytes) => {
    const { frames, fault } = read(bytes);
    expect(fault).toBeNull();
    expect(frames.map((frame) => datagramIn(frame))).toEqual(
      [0, 1].map(() => ({
        atMs: 1_000_250,
        source: Buffer.from([10, 0, 0, 1]),
        sourcePort: 5000,
        destinationPort: 2055,
        payload: PAYLOAD,
      })),
    );
  });

  it('that is cut gives what is whole, and says so', () => {
    for (const make of [pcap, pcapng]) {
      const whole = make([ethernet(PAYLOAD), ethernet(PAYLOAD)]);
      expect(read(whole.subarray(0, whole.length - 3))).toMatchObject({ frames: [{}], fault: 'cut' });
    }
  });

  it('that is none, or has a frame of 2 GiB, is refused', () => {
    expect(read(Buffer.from('text'))).toEqual({ frames: [], fault: 'format' });
    const huge = Buffer.concat([pcap([]), numbers(true, [0, 4], [0, 4], [0x7fffffff, 4], [0x7fffffff, 4])]);
    expect(read(huge)).toEqual({ frames: [], fault: 'format' });
  });

  it('is told from other files by its first bytes', () => {
    const path = join(temporaryDirectory(), 'capture');
    for (const [bytes, expected] of [
      [pcap([]), true],
      [pcapng([]), true],
      [Buffer.from('Nov 25 text'), false],
      [Buffer.alloc(0), false],
    ] as const) {
      writeFileSync(path, bytes);
      const reader = new ByteReader(path);
      expect(isCapture(reader)).toBe(expected);
      reader.close();
    }
  });
});

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../src/collectors/capture/byte-reader.ts';
import { datagramIn } from '../../src/collectors/capture/datagram.ts';
import { framesIn, isCapture } from '../../src/collectors/capture/packet-file.ts';
import type { SendersFeed, SourceFeed, ToldMessage } from '../../src/collectors/feed.ts';
import { IpfixReceiver } from '../../src/collectors/ipfix/receiver.ts';
import { StreamCutter } from '../../src/collectors/ipfix/stream-cutter.ts';
import { ConntrackReader } from '../../src/collectors/linux/conntrack.ts';
import { UlogdReader } from '../../src/collectors/linux/ulogd.ts';
import { readAccounting } from '../../src/collectors/radius/accounting.ts';
import { readRequest } from '../../src/collectors/radius/packet.ts';
import { toldAccounting } from '../../src/collectors/radius/told.ts';
import { SyslogReader } from '../../src/collectors/syslog/reader.ts';
import { canonicalAddress, type IpAddress } from '../../src/model/address.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { PATIENCE } from '../support/fuzzing.ts';
import { SEEDED } from '../support/seed.ts';
import { message, nat44, NAT44, set, template } from './ipfix/exporter.ts';
import { conntrackLine, ULOGD_DESTROY } from './linux/examples.ts';
import { accountingRequest, attribute, number, SECRET, vendor } from './radius/access-server.ts';
import { sharedCapture } from './shared-captures.ts';
import { EXAMPLES } from './syslog/examples.ts';

const LONG = process.env['SHUDI_LONG'] === '1';
/** How long each decoder is fed, ms. Over all of them the long run gives them some ten million inputs. */
const FEED_MS = LONG ? 120_000 : 1000;
/** Nothing that is read in one go may take longer, ms: another exporter waits. */
const MOST_MS = 500;
const root = temporaryDirectory();
const START = new Date(1_760_000_000_000).getTime();

/** Numbers that look random, the same for the same seed (xorshift32). */
function generator(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Some bytes changed, one stretch doubled or taken out, the end cut off: what a bad wire or a bad mind would do. */
function mutated(seed: Buffer, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(seed);
  const kind = random(8);
  if (kind === 0 && bytes.length > 4) bytes = bytes.subarray(0, random(bytes.length));
  else if (kind === 1 && bytes.length > 8) {
    const at = random(bytes.length);
    const length = random(bytes.length - at);
    bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]).subarray(0, 65_535);
  } else if (kind === 2) {
    const at = random(bytes.length);
    bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(16))]);
  }
  for (let change = random(6); change > 0 && bytes.length > 0; change -= 1)
    bytes[random(bytes.length)] =
      random(4) === 0 ? ([0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5b, 0x0a][random(8)] ?? 0) : random(256);
  return bytes;
}

interface Fed {
  readonly inputs: number;
  readonly slowestMs: number;
}

/** Feeds mutations of the seeds until the time is over. */
async function feed(seeds: readonly Buffer[], take: (bytes: Buffer, kind: number) => void): Promise<Fed> {
  const random = generator(SEEDED.seed ?? 0x5eed_1234);
  const until = performance.now() + FEED_MS;
  let inputs = 0;
  let slowestMs = 0;
  while (performance.now() < until) {
    for (let turn = 0; turn < 200; turn += 1) {
      const kind = random(seeds.length);
      const bytes = mutated(seeds[kind] ?? Buffer.alloc(0), random);
      const before = performance.now();
      take(bytes, kind);
      slowestMs = Math.max(slowestMs, performance.now() - before);
      inputs += 1;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { inputs, slowestMs };
}

/** Keeps nothing; looks at all that it is told. */
class SoundFeed implements SendersFeed {
  readonly name = 'fuzzed';
  translations = 0;
  rejections = 0;
  lostRecords = 0;

  async take({ translations, dialect }: ToldMessage): Promise<boolean> {
    if (!/^[a-z0-9:+-]{1,80}$/.test(dialect)) throw new Error(`a dialect is ${dialect}`);
    for (const { inside, outside, remote, timeMs, protocol, flow } of translations) {
      this.translations += 1;
      for (const endpoint of [inside, outside, remote])
        if (endpoint !== null && canonicalAddress(endpoint.address) !== endpoint.address)
          throw new Error(`an address is ${endpoint.address}`);
      for (const port of [inside.port, outside?.low ?? null, outside?.high ?? null, remote?.port ?? null])
        if (port !== null && (!Number.isInteger(port) || port < 1 || port > 65_535))
          throw new Error(`a port is ${port}`);
      if (outside !== null && outside.low !== null && outside.high !== null && outside.low > outside.high)
        throw new Error('a block ends before it begins');
      if (timeMs !== null && !Number.isFinite(timeMs)) throw new Error(`a time is ${timeMs}`);
      if (protocol !== null && (protocol < 0 || protocol > 255)) throw new Error(`a protocol is ${protocol}`);
      if (flow !== null && (!Number.isFinite(flow) || flow < 0)) throw new Error(`a flow is ${flow}`);
    }
    return true;
  }

  lost(count: number): void {
    this.lostRecords += count;
  }

  restarted(): void {
    this.rejections += 0;
  }

  rejected(reason: string, count: number, sample = ''): void {
    if (!/^[a-z0-9-]{1,64}$/.test(reason)) throw new Error(`a reason is ${reason}`);
    if (/[1-9]/.test(sample)) throw new Error('a sample has digits');
    this.rejections += count;
  }

  exporter(): SourceFeed {
    return this;
  }

  unread(reason: string, count: number, sample?: string): void {
    this.rejected(reason, count, sample);
  }
}

const wellFed = ({ inputs, slowestMs }: Fed, feed: SoundFeed): void => {
  expect(inputs).toBeGreaterThan(LONG ? 100_000 : 200);
  expect(slowestMs).toBeLessThan(MOST_MS);
  expect(feed.translations).toBeGreaterThan(0);
  expect(feed.rejections).toBeGreaterThan(0);
};

const captures = [
  'ipfix-mikrotik-tpl',
  'ipfix-mikrotik-data258',
  'netflow9-asa-1-tpl',
  'netflow9-asa-1-data',
];
const packets = [
  ...captures.map((name) => readFileSync(sharedCapture(`${name}.dat`))),
  message([set(2, [template(256, NAT44)]), set(256, [nat44(), nat44({ event: 5 })])]),
  message([set(256, [nat44(), nat44({ event: 14 }), nat44({ event: 16 })])]),
];

describe('mutations of what exporters send', PATIENCE, () => {
  it('IPFIX and NetFlow v9 as datagrams: state stays bounded', async () => {
    const sound = new SoundFeed();
    const receiver = new IpfixReceiver({ sourceOf: () => ({ feed: sound, dialect: null }) });
    const fed = await feed(packets, (bytes, kind) =>
      receiver.datagram(bytes, `192.0.2.${kind}` as IpAddress),
    );
    wellFed(fed, sound);
    for (const { templates, optionsTemplates, pending } of receiver.status()) {
      expect(templates + optionsTemplates).toBeLessThanOrEqual(64 * 1024);
      expect(pending).toBeLessThanOrEqual(64 * 512);
    }
  });

  it('IPFIX as a stream: no more is held than one message', async () => {
    let messages = 0;
    let most = 0;
    let cutter = new StreamCutter(() => (messages += 1));
    const fed = await feed(packets, (bytes) => {
      if (cutter.push(bytes) !== null) cutter = new StreamCutter(() => (messages += 1));
      most = Math.max(most, cutter.waiting);
    });
    expect(fed.slowestMs).toBeLessThan(MOST_MS);
    expect(messages).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(65_535 + 65_535);
  });

  it('captures', async () => {
    const path = join(mkdtempSync(join(root, 'd-')), 'capture');
    const seeds = ['netflow9-nel-nat.pcap', 'netflow9-fortigate-300d.pcap'].map((name) =>
      readFileSync(sharedCapture(name)),
    );
    let frames = 0;
    let datagrams = 0;
    const fed = await feed(seeds, (bytes) => {
      writeFileSync(path, bytes);
      const reader = new ByteReader(path);
      if (isCapture(reader))
        for (const frame of framesIn(reader)) {
          frames += 1;
          if (typeof datagramIn(frame) !== 'string') datagrams += 1;
        }
      reader.close();
    });
    expect(fed.slowestMs).toBeLessThan(MOST_MS);
    expect(frames).toBeGreaterThan(100);
    expect(datagrams).toBeGreaterThan(10);
  });

  it('RADIUS, also with an authenticator that is right', async () => {
    const sound = new SoundFeed();
    const seeds = [
      accountingRequest(
        [
          attribute(40, number(1)),
          attribute(44, Buffer.from('session')),
          attribute(1, Buffer.from('alice@isp.example')),
          attribute(8, Buffer.from([100, 64, 0, 5])),
          attribute(
            241,
            Buffer.from([6, 8, 6, 0, 0, 0, 1, 9, 6, 0, 0, 4, 0, 10, 6, 0, 0, 8, 0, 3, 6, 203, 0, 113, 9]),
          ),
          vendor(6527, 121, Buffer.from('203.0.113.9 1024-2047 router base')),
          attribute(123, Buffer.from([0, 56, 0x20, 1, 0xd, 0xb8, 0, 1, 0])),
        ],
        { signed: true },
      ),
      accountingRequest([attribute(40, number(3)), attribute(44, Buffer.from('x'))]),
    ];
    let leases = 0;
    const random = generator(7);
    const fed = await feed(seeds, (bytes) => {
      if (random(4) > 0 && bytes.length >= 20) {
        bytes.writeUInt16BE(Math.min(bytes.length, 4096), 2);
        bytes.fill(0, 4, 20);
        createHash('md5').update(bytes.subarray(0, 4096)).update(SECRET).digest().copy(bytes, 4);
      }
      const request = readRequest(bytes, SECRET);
      if (typeof request === 'string') return sound.rejected(request, 1);
      const read = readAccounting(request);
      if (typeof read === 'string') return sound.rejected(read, 1);
      const told = toldAccounting(read, bytes, START);
      leases += told.leases.length;
      void sound.take({ original: bytes, dialect: 'radius', sentMs: null, translations: told.translations });
    });
    wellFed(fed, sound);
    expect(leases).toBeGreaterThan(0);
  });

  it('lines: syslog of every vendor, conntrack, ulogd2', async () => {
    const sound = new SoundFeed();
    const syslog = new SyslogReader({ feed: sound, vendor: null, zoneMinutes: 0 });
    const conntrack = new ConntrackReader({ feed: sound });
    const ulogd = new UlogdReader({ feed: sound });
    const lines = Object.values(EXAMPLES).flatMap((list) => list.map(({ line }) => line));
    const seeds = [
      ...lines,
      conntrackLine(40_001),
      conntrackLine(40_001, 'DESTROY'),
      JSON.stringify(ULOGD_DESTROY),
    ];
    const fed = await feed(
      seeds.map((line) => Buffer.from(line)),
      (bytes) => {
        const text = bytes.toString('utf8');
        syslog.line(text, START);
        conntrack.line(text);
        ulogd.line(text);
      },
    );
    wellFed(fed, sound);
  });
});

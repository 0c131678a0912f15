import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listenStream } from '../../../src/collectors/transport/stream.ts';
import { listenUdp } from '../../../src/collectors/transport/udp.ts';
import { SyslogReceiver } from '../../../src/collectors/syslog/receiver.ts';
import { systemClock } from '../../../src/model/time.ts';
import { recordingFeed, toldText } from './recording-feed.ts';

const LINE =
  '<134>1 2026 Nov 26 01:30:00 192.0.2.1 ne - NAT444:SessionbasedA [17 10.1.1.2 - 203.0.113.9 3 4 -]';
const TOLD = 'create 17 10.1.1.2:3 > 203.0.113.9:4 @2026-11-26T01:30:00.000Z';
const HOST = '127.0.0.1';

describe('a receiver behind a socket', () => {
  it('takes datagrams', async () => {
    const feed = recordingFeed();
    const source = { feed, vendor: null, zoneMinutes: 0 };
    const receiver = new SyslogReceiver({ sourceOf: () => source, clock: systemClock });
    const listener = await listenUdp({
      host: HOST,
      port: 0,
      receiveBufferBytes: 65_536,
      onDatagram: receiver.datagram,
    });
    onTestFinished(() => listener.close());
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    socket.send(`${LINE}\n${LINE}`, listener.address.port, HOST);
    await feed.until(2);
    expect(feed.messages.flatMap(({ translations }) => translations.map(toldText))).toEqual([TOLD, TOLD]);
  });

  it('takes a stream, and hangs up on nonsense', async () => {
    const feed = recordingFeed();
    const source = { feed, vendor: null, zoneMinutes: 0 };
    const receiver = new SyslogReceiver({ sourceOf: () => source, clock: systemClock });
    const listener = await listenStream({
      host: HOST,
      port: 0,
      tls: null,
      maxConnections: 4,
      accept: receiver.accept,
    });
    onTestFinished(() => listener.close());
    const socket = connect(listener.address.port, HOST);
    // A reset is a way to hang up, too.
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    socket.resume();
    socket.write(`${LINE.length} ${LINE}${LINE}\n`);
    await feed.until(2);
    socket.write('99999 <');
    await closed;
    expect(feed.messages.flatMap(({ translations }) => translations.map(toldText))).toEqual([TOLD, TOLD]);
    expect(receiver.status().cut).toBe(1);
  });
});

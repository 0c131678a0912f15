import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  listenStream,
  type StreamListener,
  type StreamOptions,
  type StreamTls,
} from '../../../src/collectors/transport/stream.ts';
import { ShudiError } from '../../../src/model/errors.ts';
import { makeCertificate } from '../../gateway/tls/make-certificate.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { hasTool } from '../../support/tools.ts';

const HOST = '127.0.0.1';

interface Heard {
  readonly listener: StreamListener;
  /** `from 127.0.0.1`, `opened`, each piece of data, how it ended. */
  readonly log: string[];
  /** Resolves when the log has such a line. */
  readonly until: (line: string, times?: number) => Promise<void>;
}

async function listen(wish: Partial<StreamOptions> = {}): Promise<Heard> {
  const log: string[] = [];
  const waiting = new Set<() => void>();
  const note = (line: string): void => {
    log.push(line);
    for (const check of waiting) check();
  };
  const listener = await listenStream({
    host: HOST,
    port: 0,
    tls: null,
    maxConnections: 8,
    accept: (from) => {
      note(`from ${from}`);
      return {
        opened: () => note('opened'),
        data: (bytes) => {
          note(bytes.toString('latin1'));
          return !bytes.includes('nonsense');
        },
        closed: (end) => note(end),
      };
    },
    ...wish,
  });
  onTestFinished(() => listener.close());
  const until = (line: string, times = 1): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (log.filter((each) => each === line).length < times) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { listener, log, until };
}

/** A client that is content with being hung up on in any way. */
function client<T extends Socket>(socket: T): T {
  socket.on('error', () => undefined);
  socket.resume();
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** When it is closed; how (`once` would reject on a reset) does not matter. */
const gone = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });

const dial = ({ listener }: Heard, host = HOST): Socket => client(connect(listener.address.port, host));

describe('a stream listener', () => {
  it('hands over what comes, and tells when it is over', async () => {
    const heard = await listen();
    const socket = dial(heard);
    socket.write('hello');
    await heard.until('hello');
    expect(heard.listener.stats()).toEqual({ connections: 1, refused: 0 });
    socket.end();
    await heard.until('ended');
    expect(heard.log).toEqual(['from 127.0.0.1', 'opened', 'hello', 'ended']);
    expect(heard.listener.stats()).toEqual({ connections: 0, refused: 0 });
  });

  it('knows a client of IPv4 at an IPv6 socket by its IPv4 address', async () => {
    const heard = await listen({ host: '::' });
    dial(heard);
    await heard.until('from 127.0.0.1');
    dial(heard, '::1');
    await heard.until('from ::1');
  });

  it('closes a peer that sends nonsense, and hands over nothing of it any more', async () => {
    const heard = await listen();
    const socket = dial(heard);
    const closed = gone(socket);
    socket.write('nonsense');
    await closed;
    await heard.until('broken');
    expect(heard.log).toEqual(['from 127.0.0.1', 'opened', 'nonsense', 'broken']);
  });

  it('closes an unknown peer at once, and counts it', async () => {
    const heard = await listen({ accept: () => null });
    await gone(dial(heard));
    expect(heard.listener.stats()).toEqual({ connections: 0, refused: 1 });
  });

  it('has no more connections than it may have', async () => {
    const heard = await listen({ maxConnections: 2 });
    dial(heard);
    dial(heard);
    await heard.until('from 127.0.0.1', 2);
    await gone(dial(heard));
    expect(heard.listener.stats()).toEqual({ connections: 2, refused: 1 });
  });

  it('that is reset is no fault', async () => {
    const heard = await listen();
    const socket = dial(heard);
    await heard.until('from 127.0.0.1');
    socket.resetAndDestroy();
    await heard.until('broken');
  });

  it.runIf(process.platform === 'linux')(
    'has the system ask whether a silent peer is there still',
    async () => {
      const heard = await listen();
      dial(heard);
      await heard.until('opened');
      // Of proc_pid_net(5): local address, remote address, state, queues, `tr:tm->when`; 2 is the timer of keep-alive.
      const { port } = heard.listener.address;
      const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
      const rows = readFileSync('/proc/net/tcp', 'latin1')
        .split('\n')
        .map((row) => row.trim().split(/\s+/));
      const open = rows.filter((row) => row[1] === local && row[3] === '01');
      expect(open.map((row) => row[5]?.slice(0, 3))).toEqual(['02:']);
    },
  );

  it('close ends all connections, and resolves when each was told so', async () => {
    const heard = await listen();
    const sockets = [dial(heard), dial(heard)];
    const closed = sockets.map((socket) => gone(socket));
    await heard.until('from 127.0.0.1', 2);
    await Promise.all([heard.listener.close(), heard.listener.close()]);
    expect(heard.log.filter((line) => line === 'stopped').length).toBe(2);
    await Promise.all(closed);
  });

  it('a port in use has its own code', async () => {
    const { listener } = await listen();
    const error = await listen({ port: listener.address.port }).catch((reason: unknown) => reason);
    expect(error instanceof ShudiError ? error.code : error).toBe('gateway.port-in-use');
  });
});

describe.runIf(hasTool('openssl'))('a stream listener with TLS', () => {
  const directory = temporaryDirectory();
  const made = (name: string): { cert: Buffer; key: Buffer } => {
    const { cert, key } = makeCertificate(directory, name, { names: `IP:${HOST}` });
    return { cert: readFileSync(cert), key: readFileSync(key) };
  };
  const own = hasTool('openssl') ? made('collector') : { cert: Buffer.alloc(0), key: Buffer.alloc(0) };
  const listenTls = (
    clientCa: StreamTls['clientCa'] = null,
    wish: Partial<StreamOptions> = {},
  ): Promise<Heard> => listen({ tls: { ...own, clientCa }, ...wish });
  const dialTls = ({ listener }: Heard, options: ConnectionOptions = {}): TLSSocket =>
    client(connectTls({ host: HOST, port: listener.address.port, ca: own.cert, ...options }));

  it('hands over what was enciphered', async () => {
    const heard = await listenTls();
    const socket = dialTls(heard);
    socket.write('hello');
    await heard.until('hello');
    expect(socket.authorized).toBe(true);
    socket.end();
    await heard.until('ended');
    expect(heard.log).toEqual(['from 127.0.0.1', 'opened', 'hello', 'ended']);
  });

  it('closes a peer that sends nonsense', async () => {
    const heard = await listenTls();
    const socket = dialTls(heard);
    socket.write('nonsense');
    await gone(socket);
    await heard.until('broken');
    expect(heard.listener.stats()).toEqual({ connections: 0, refused: 0 });
  });

  it('takes a client with the right certificate only', async () => {
    const right = made('exporter');
    const heard = await listenTls(right.cert);
    for (const options of [{}, made('stranger')]) {
      const socket = dialTls(heard, options);
      socket.write('hello');
      await gone(socket);
    }
    await heard.until('broken', 2);
    expect(heard.log).not.toContain('hello');
    dialTls(heard, right).write('hello');
    await heard.until('hello');
    expect(heard.listener.stats()).toEqual({ connections: 1, refused: 0 });
  });

  it('speaks no TLS before 1.2', async () => {
    const heard = await listenTls();
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const socket = dialTls(heard, old);
    let isSecure = false;
    socket.on('secureConnect', () => {
      isSecure = true;
    });
    await gone(socket);
    await heard.until('broken');
    expect(isSecure).toBe(false);
    const newer = dialTls(heard, { maxVersion: 'TLSv1.2' });
    await once(newer, 'secureConnect');
    expect(newer.getProtocol()).toBe('TLSv1.2');
  });

  it('an unknown peer gets no handshake', async () => {
    const heard = await listenTls(null, { accept: () => null });
    await gone(dialTls(heard));
    expect(heard.listener.stats()).toEqual({ connections: 0, refused: 1 });
  });

  it('closes who speaks no TLS, and who never ends the handshake', async () => {
    const heard = await listenTls(null, { handshakeMs: 100 });
    const plain = dial(heard);
    plain.write('GET / HTTP/1.1\r\n\r\n');
    await Promise.all([gone(plain), gone(dial(heard))]);
    await heard.until('broken', 2);
    expect(heard.log.filter((line) => !line.startsWith('from'))).toEqual(['broken', 'broken']);
  });

  it('close ends connections before, in and after the handshake', async () => {
    const heard = await listenTls();
    const secure = dialTls(heard);
    await once(secure, 'secureConnect');
    const half = dial(heard);
    await heard.until('from 127.0.0.1', 2);
    const closed = [secure, half].map((socket) => gone(socket));
    await heard.listener.close();
    expect(heard.log.filter((line) => line === 'stopped').length).toBe(2);
    await Promise.all(closed);
  });

  it('a certificate that is none is a fault of the configuration', async () => {
    const tls = { cert: Buffer.from('none'), key: own.key, clientCa: null };
    const error = await listen({ tls }).catch((reason: unknown) => reason);
    expect(error instanceof ShudiError ? error.code : error).toBe('config.invalid');
  });
});

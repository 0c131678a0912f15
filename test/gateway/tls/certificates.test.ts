import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createServer, type ConnectionOptions, type Server, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { CertificateFiles, TlsOptions } from '../../../src/gateway/options.ts';
import {
  applyCertificates,
  loadCertificates,
  tlsServerOptions,
  type LoadedCertificates,
} from '../../../src/gateway/tls/certificates.ts';
import type { Millis } from '../../../src/model/time.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { hasTool } from '../../support/tools.ts';
import { makeCertificate } from './make-certificate.ts';

const DAY = 86_400_000;

describe.runIf(hasTool('openssl'))('certificates', () => {
  const directory = temporaryDirectory();
  let forum: CertificateFiles;
  let wild: CertificateFiles;
  let shop: CertificateFiles;
  let bare: CertificateFiles;

  beforeAll(() => {
    forum = makeCertificate(directory, 'forum', { names: 'DNS:forum.example,DNS:www.forum.example' });
    wild = makeCertificate(directory, 'wild', { names: 'DNS:*.forum.example,IP:192.0.2.1', kind: 'rsa' });
    shop = makeCertificate(directory, 'shop', { names: 'DNS:shop.example', days: 10 });
    bare = makeCertificate(directory, 'bare');
  });

  const options = (
    certificates: readonly CertificateFiles[],
    minVersion: TlsOptions['minVersion'] = 'TLSv1.2',
  ): TlsOptions => ({ certificates, minVersion });

  /** A server that says one line to each client. */
  async function serve(current: () => LoadedCertificates): Promise<{ server: Server; port: number }> {
    const server = createServer(tlsServerOptions(current), (socket) => {
      socket.on('error', () => {});
      socket.end('hello\n');
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    return { server, port: (server.address() as AddressInfo).port };
  }

  interface Met {
    readonly names: string;
    readonly protocol: string | null;
    readonly alpn: string | false | null;
    readonly cipher: string;
    readonly reused: boolean;
    readonly session: Buffer | undefined;
  }

  async function meet(port: number, changes: ConnectionOptions = {}): Promise<Met> {
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...changes });
    let session: Buffer | undefined;
    socket.on('session', (ticket) => (session = ticket));
    await once(socket, 'secureConnect');
    const met = {
      names: socket.getPeerX509Certificate()?.subjectAltName ?? '',
      protocol: socket.getProtocol(),
      alpn: socket.alpnProtocol,
      cipher: socket.getCipher().name,
      reused: socket.isSessionReused(),
    };
    socket.resume();
    await once(socket, 'close');
    return { ...met, session };
  }

  it('a client gets the certificate of the host that it names, exact before wildcard, the first by default', async () => {
    const loaded = loadCertificates(options([forum, wild, shop]));
    const { port } = await serve(() => loaded);
    const of = async (servername: string): Promise<string> => (await meet(port, { servername })).names;
    expect(await of('forum.example')).toMatch('DNS:forum.example');
    expect(await of('WWW.Forum.Example')).toMatch('DNS:www.forum.example');
    expect(await of('blog.forum.example')).toMatch('DNS:*.forum.example');
    expect(await of('a.blog.forum.example')).toMatch('DNS:forum.example');
    expect(await of('shop.example')).toMatch('DNS:shop.example');
    expect(await of('elsewhere.example')).toMatch('DNS:forum.example');
    expect(await of('')).toMatch('DNS:forum.example');
  });

  it('exchanged certificates are used on the same socket, with and without a host name', async () => {
    let loaded = loadCertificates(options([forum]));
    const { server, port } = await serve(() => loaded);
    expect((await meet(port, { servername: 'shop.example' })).names).toMatch('DNS:forum.example');
    loaded = loadCertificates(options([shop]));
    applyCertificates(server, loaded);
    expect((await meet(port, { servername: 'shop.example' })).names).toMatch('DNS:shop.example');
    expect((await meet(port)).names).toMatch('DNS:shop.example');
    expect((await meet(port, { ALPNProtocols: ['h2', 'http/1.1'] })).alpn).toBe('http/1.1');
  });

  it('only HTTP/1.1 is spoken, and nobody is let in who insists on another protocol', async () => {
    const loaded = loadCertificates(options([forum]));
    const { port } = await serve(() => loaded);
    expect((await meet(port, { ALPNProtocols: ['h2', 'http/1.1'] })).alpn).toBe('http/1.1');
    expect((await meet(port)).alpn).toBe(false);
    await expect(meet(port, { ALPNProtocols: ['h2'] })).rejects.toThrow(/no.application.protocol/i);
  });

  it.each(['', 'shop.example'])(
    'the least version and the ciphers hold for the host %j',
    async (servername) => {
      const strict = loadCertificates(options([forum, shop], 'TLSv1.3'));
      const lenient = loadCertificates(options([forum, shop]));
      const { port } = await serve(() => strict);
      const { port: older } = await serve(() => lenient);
      expect((await meet(port, { servername })).protocol).toBe('TLSv1.3');
      await expect(meet(port, { servername, maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol.version/i);
      expect((await meet(older, { servername, maxVersion: 'TLSv1.2' })).protocol).toBe('TLSv1.2');
      const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
      await expect(meet(older, { servername, ...old })).rejects.toThrow(/protocol.version/i);
      const weak = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' } as const;
      await expect(meet(older, { servername, ...weak })).rejects.toThrow(/handshake.failure/i);
      const preferring = {
        maxVersion: 'TLSv1.2',
        ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256',
      } as const;
      expect((await meet(older, { servername, ...preferring })).cipher).toBe('ECDHE-ECDSA-AES128-GCM-SHA256');
    },
  );

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a session is taken up again by its ticket (%s)',
    async (version) => {
      const loaded = loadCertificates(options([forum, shop]));
      const { port } = await serve(() => loaded);
      for (const servername of ['forum.example', 'shop.example']) {
        const wish = { servername, maxVersion: version };
        const { session, reused } = await meet(port, wish);
        expect(reused).toBe(false);
        expect(session).toBeDefined();
        expect((await meet(port, { ...wish, ...(session === undefined ? {} : { session }) })).reused).toBe(
          true,
        );
      }
    },
  );

  it('a client cannot make the server negotiate again', async () => {
    const loaded = loadCertificates(options([forum]));
    const server = createServer(
      tlsServerOptions(() => loaded),
      (socket) => {
        socket.on('error', () => {});
        socket.resume();
      },
    );
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const said = await new Promise<string>((resolve) => {
      const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2', '-servername', 'forum.example'];
      const client = execFile('openssl', args, { timeout: 5000 }, (_, out, err) => resolve(out + err));
      // s_client negotiates again when it reads a line that begins with R.
      let asked = false;
      client.stdout?.on('data', (text: string) => {
        if (asked || !text.includes('---')) return;
        asked = true;
        setTimeout(() => client.stdin?.write('R\n'), 200);
        setTimeout(() => client.stdin?.end(), 700);
      });
    });
    expect(said).toMatch(/RENEGOTIATING/);
    expect(said).toMatch(/no renegotiation/i);
  });

  it('tells what is wrong with a file, and which', () => {
    const file = (name: string, content: string | Buffer): string => {
      const path = join(directory, name);
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    };
    const locked = file(
      'locked.key',
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
    );
    const noise = file('noise.pem', randomBytes(300));
    const missing = join(directory, 'missing.pem');
    const brokenChain = file(
      'chain.pem',
      `${readFileSync(forum.cert, 'utf8')}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    );
    const fault = (files: CertificateFiles, where: string) => {
      expect(() => loadCertificates(options([forum, files]))).toThrow(
        expect.objectContaining({ code: 'config.invalid', where }) as Error,
      );
    };
    fault({ cert: missing, key: forum.key }, missing);
    fault({ cert: forum.cert, key: missing }, missing);
    fault({ cert: directory, key: forum.key }, directory);
    fault({ cert: noise, key: forum.key }, noise);
    fault({ cert: forum.cert, key: noise }, noise);
    fault({ cert: forum.cert, key: locked }, locked);
    fault({ cert: forum.cert, key: shop.key }, shop.key);
    fault({ cert: forum.cert, key: wild.key }, wild.key);
    fault({ cert: brokenChain, key: forum.key }, brokenChain);
    fault(bare, bare.cert);
    expect(() => loadCertificates(options([]))).toThrow(
      expect.objectContaining({ code: 'config.invalid' }) as Error,
    );
  });

  it('finds what works but should be mended', () => {
    const codes = (files: readonly CertificateFiles[], days = 0): (readonly [string, string])[] =>
      loadCertificates(options(files), () => (Date.now() + days * DAY) as Millis).findings.map(
        ({ code, file }) => [code, file] as const,
      );
    expect(codes([forum, wild])).toEqual([]);
    expect(codes([shop])).toEqual([['expires-soon', shop.cert]]);
    expect(codes([shop, forum], 11)).toEqual([['expired', shop.cert]]);
    expect(codes([forum], -2)).toEqual([['not-yet-valid', forum.cert]]);
    expect(codes([forum, forum])).toEqual([
      ['name-taken', forum.cert],
      ['name-taken', forum.cert],
    ]);
    const open = { cert: forum.cert, key: join(directory, 'open.key') };
    copyFileSync(forum.key, open.key);
    chmodSync(open.key, 0o644);
    expect(codes([open])).toEqual([['key-readable', open.key]]);
    chmodSync(open.key, 0o640);
    expect(codes([open])).toEqual([]);
    const odd = makeCertificate(directory, 'odd', { names: 'DNS:forum.example,DNS:f*.example' });
    expect(codes([odd])).toEqual([['name-unusable', odd.cert]]);
  });

  it('describes names, end and days left', () => {
    const now = Date.now() as Millis;
    const [first, second] = loadCertificates(options([wild, shop]), () => now).describe();
    expect(first).toMatchObject({ file: wild.cert, names: ['*.forum.example', '192.0.2.1'], daysLeft: 364 });
    expect(second).toMatchObject({ file: shop.cert, names: ['shop.example'], daysLeft: 9 });
    expect(second?.notAfter).toBeGreaterThan(now + 9.9 * DAY);
    expect(second?.notAfter).toBeLessThan(now + 10.1 * DAY);
  });
});

import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions, type Server } from 'node:tls';
import type { TlsOptions as NodeTlsOptions } from 'node:tls';
import { ShudiError } from '../../model/errors.ts';
import { DAY_MS, systemClock, type Clock, type Millis } from '../../model/time.ts';
import type { TlsOptions } from '../options.ts';
import { readCertificate, type ReadCertificate } from './certificate-files.ts';
import { createNameTable } from './certificate-names.ts';

/** Something that works, or may soon not work any more, and that the operator should mend. */
export interface CertificateFinding {
  readonly code:
    | 'key-readable'
    | 'expired'
    | 'expires-soon'
    | 'not-yet-valid'
    | 'name-unusable'
    | 'name-taken';
  readonly file: string;
  readonly text: string;
}

/** What `shudi check` tells of a certificate. */
export interface CertificateDescription {
  readonly file: string;
  /** DNS names, then IP addresses. */
  readonly names: readonly string[];
  readonly notBefore: Millis;
  readonly notAfter: Millis;
  /** Whole days that are left; negative when it has expired. */
  readonly daysLeft: number;
}

export interface LoadedCertificates {
  /** The context for a host that a client named; the first certificate's for none or an unknown one. */
  context(servername: string | undefined): SecureContext;
  readonly findings: readonly CertificateFinding[];
  describe(): readonly CertificateDescription[];
  /** What the server itself holds, for clients that name no host. */
  readonly fallback: SecureContextOptions;
}

const SOON_MS = 14 * DAY_MS;
/** A handshake takes two round trips at the most. */
const HANDSHAKE_MS = 10_000;

/** Forward secrecy and authenticated encryption only; what TLS 1.3 has, and its like of TLS 1.2 (RFC 9325, 4.2). */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/**
 * Reads all certificates, or none: a reload that throws leaves the ones before in use.
 * @throws ShudiError config.invalid, `where` being the file: unreadable, not PEM, the key of another, without names
 */
export function loadCertificates(options: TlsOptions, clock: Clock = systemClock): LoadedCertificates {
  const findings: CertificateFinding[] = [];
  const contexts = createNameTable<SecureContext>();
  let first: { readonly context: SecureContext; readonly options: SecureContextOptions } | undefined;
  const all = options.certificates.map((files) => {
    const read = readCertificate(files);
    findings.push(...findingsOf(read, files.key, clock()));
    const own = contextOptions(read, options);
    const context = contextOf(own, files.cert);
    first ??= { context, options: own };
    for (const name of read.names.dns)
      if (!contexts.add(name, context))
        findings.push({
          code: 'name-taken',
          file: files.cert,
          text: 'An earlier certificate has a name of this one; clients that ask for it get the earlier.',
        });
    return read;
  });
  if (first === undefined) throw new ShudiError('config.invalid', 'TLS needs a certificate.');
  const { context: byDefault, options: fallback } = first;
  return {
    context: (servername) => (servername === undefined ? undefined : contexts.find(servername)) ?? byDefault,
    findings,
    fallback,
    describe: () =>
      all.map(({ file, names, notBefore, notAfter }) => ({
        file,
        names: [...names.dns, ...names.addresses],
        notBefore,
        notAfter,
        daysLeft: Math.floor((notAfter - clock()) / DAY_MS),
      })),
  };
}

function contextOptions(read: ReadCertificate, options: TlsOptions): SecureContextOptions {
  return {
    cert: read.cert,
    key: read.key,
    minVersion: options.minVersion,
    ciphers: CIPHERS,
    honorCipherOrder: true,
    // A client could make the server sign again and again on one connection.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

function contextOf(options: SecureContextOptions, file: string): SecureContext {
  try {
    return createSecureContext(options);
  } catch (cause) {
    throw new ShudiError('config.invalid', 'The certificate or its key cannot be used for TLS.', file, cause);
  }
}

function findingsOf(read: ReadCertificate, keyFile: string, now: Millis): CertificateFinding[] {
  const findings: CertificateFinding[] = [];
  const add = (code: CertificateFinding['code'], file: string, text: string): void => {
    findings.push({ code, file, text });
  };
  if (read.keyReadable) add('key-readable', keyFile, 'Everybody on this machine can read the key.');
  if (read.notBefore > now) add('not-yet-valid', read.file, 'The certificate is not valid yet.');
  if (read.notAfter < now) add('expired', read.file, 'The certificate has expired.');
  else if (read.notAfter - now < SOON_MS)
    add('expires-soon', read.file, 'The certificate expires in less than 14 days.');
  if (read.names.unusable > 0)
    add('name-unusable', read.file, 'A name of the certificate is none of a host.');
  return findings;
}

/**
 * The options of a `tls.Server` whose certificates can be exchanged while it listens: `current` is asked at each
 * handshake. Only HTTP/1.1 is offered: a client that insists on another protocol is refused (RFC 7301, 3.2).
 * Session tickets are on; their keys never leave the process.
 */
export function tlsServerOptions(current: () => LoadedCertificates): NodeTlsOptions {
  return {
    ...current().fallback,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: HANDSHAKE_MS,
    SNICallback: (servername, done) => done(null, current().context(servername)),
  };
}

/** Makes a listening server use exchanged certificates also for clients that name no host. */
export function applyCertificates(server: Server, certificates: LoadedCertificates): void {
  server.setSecureContext(certificates.fallback);
}

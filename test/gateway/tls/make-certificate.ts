import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { CertificateFiles } from '../../../src/gateway/options.ts';

export interface CertificateWish {
  /** Such as `DNS:example.org,IP:192.0.2.1`; none without. */
  readonly names?: string;
  readonly days?: number;
  readonly kind?: 'ec' | 'rsa';
}

/** Has openssl make a self-signed certificate with its key, `NAME.pem` and `NAME.key`; the key is for its owner only. */
export function makeCertificate(
  directory: string,
  name: string,
  wish: CertificateWish = {},
): CertificateFiles {
  const files = { cert: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) };
  const kind =
    wish.kind === 'rsa' ? ['-newkey', 'rsa:2048'] : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const names = wish.names === undefined ? [] : ['-addext', `subjectAltName=${wish.names}`];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-nodes',
      '-subj',
      '/CN=test',
      '-days',
      String(wish.days ?? 365),
      ...kind,
      ...names,
      '-keyout',
      files.key,
      '-out',
      files.cert,
    ],
    { stdio: 'pipe' },
  );
  return files;
}

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { ShudiError } from '../../model/errors.ts';
import type { Millis } from '../../model/time.ts';
import type { CertificateFiles } from '../options.ts';
import { subjectAltNames, type CertificateNames } from './certificate-names.ts';

/** A certificate chain and its key as they were read. */
export interface ReadCertificate {
  readonly file: string;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly names: CertificateNames;
  readonly notBefore: Millis;
  readonly notAfter: Millis;
  /** Others than the owner (or its group) can read the key's file. */
  readonly keyReadable: boolean;
}

/** @throws ShudiError config.invalid, with the file that is at fault */
export function readCertificate(files: CertificateFiles): ReadCertificate {
  const cert = read(files.cert);
  const key = read(files.key);
  const leaf = parseCertificate(cert, files.cert);
  if (!leaf.checkPrivateKey(parseKey(key, files.key)))
    throw new ShudiError('config.invalid', 'The key is not the one of the certificate.', files.key);
  const names = subjectAltNames(leaf.subjectAltName);
  if (names.dns.length === 0 && names.addresses.length === 0)
    throw new ShudiError('config.invalid', 'The certificate names no host (subjectAltName).', files.cert);
  return {
    file: files.cert,
    cert,
    key,
    names,
    notBefore: leaf.validFromDate.getTime() as Millis,
    notAfter: leaf.validToDate.getTime() as Millis,
    keyReadable: (statSync(files.key).mode & 0o007) !== 0,
  };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ShudiError('config.invalid', 'The file cannot be read.', path, cause);
  }
}

/** The first certificate of the file; those behind it are its chain. */
function parseCertificate(pem: Buffer, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ShudiError('config.invalid', 'The file is no PEM certificate.', path, cause);
  }
}

function parseKey(pem: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new ShudiError(
      'config.invalid',
      'The file is no PEM private key without a passphrase.',
      path,
      cause,
    );
  }
}

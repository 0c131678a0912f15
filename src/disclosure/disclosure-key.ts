import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DISCLOSURE_PUBLIC_FILE, sealingKeyId } from '../accounts/key-files.ts';
import { unpad } from '../accounts/padding.ts';
import {
  additionalData,
  ENCAPSULATED_BYTES,
  FORMAT_VERSION,
  HEADER_BYTES,
  INFO,
  KEY_ID_BYTES,
  SUITE,
} from '../accounts/sealed-format.ts';
import { canonicalAccount, type Identity, type SealedIdentity, type Site } from '../model/accounts.ts';
import type { Branded } from '../model/brand.ts';
import { ShudiError } from '../model/errors.ts';
import { createFileOnce, makePrivateDirectory, readSecretFile } from '../platform/files.ts';

export const DISCLOSURE_PRIVATE_FILE = 'disclosure.key';

/** The X25519 private key that opens sealed identities. */
export type DisclosureKey = Branded<KeyObject, 'DisclosureKey'>;

/**
 * Makes the key pair that identities are sealed to: `disclosure.key` (PKCS #8 PEM, mode 0600) and `disclosure.pub`
 * (SPKI PEM). Only the latter belongs on a machine that runs the gateway.
 * @returns the hex key id that sealed identities carry
 * @throws ShudiError key.exists
 */
export function createDisclosureKey(keysDirectory: string): string {
  makePrivateDirectory(keysDirectory);
  const privatePath = join(keysDirectory, DISCLOSURE_PRIVATE_FILE);
  const publicPath = join(keysDirectory, DISCLOSURE_PUBLIC_FILE);
  for (const path of [privatePath, publicPath]) if (existsSync(path)) throw exists(path);
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  // The private half first: nothing may ever be sealed to a key whose private half was lost on the way to the disk.
  if (!createFileOnce(privatePath, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600))
    throw exists(privatePath);
  if (!createFileOnce(publicPath, publicKey.export({ type: 'spki', format: 'pem' }), 0o644))
    throw exists(publicPath);
  return sealingKeyId(publicKey).toString('hex');
}

function exists(path: string): ShudiError {
  return new ShudiError('key.exists', 'There is a disclosure key already.', path);
}

/** @throws ShudiError key.missing | key.invalid | data.permissions */
export function readDisclosureKey(keysDirectory: string): DisclosureKey {
  const path = join(keysDirectory, DISCLOSURE_PRIVATE_FILE);
  if (!existsSync(path)) throw new ShudiError('key.missing', 'The disclosure key is not there.', path);
  const pem = readSecretFile(path);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new ShudiError('key.invalid', 'The disclosure key cannot be read.', path, cause);
  }
  if (key.asymmetricKeyType !== 'x25519') throw new ShudiError('key.invalid', 'This is no X25519 key.', path);
  return key as DisclosureKey;
}

/**
 * Opens a sealed identity. For a live grant only: the caller must have journaled the disclosure first (R7).
 * @throws ShudiError key.wrong when it was sealed to another key; vault.tampered when it was changed, or belongs to
 *   another subject or month
 */
export async function openIdentity(key: DisclosureKey, entry: SealedIdentity): Promise<Identity> {
  const { subject, month, sealed } = entry;
  if (sealed.length <= HEADER_BYTES || sealed[0] !== FORMAT_VERSION) throw tampered();
  const keyId = sealed.subarray(1, 1 + KEY_ID_BYTES);
  if (!sealingKeyId(createPublicKey(key)).equals(keyId)) {
    throw new ShudiError('key.wrong', 'The identity was sealed to another disclosure key.');
  }
  const enc = sealed.slice(HEADER_BYTES - ENCAPSULATED_BYTES, HEADER_BYTES);
  const recipientKey = key.toCryptoKey('X25519', true, ['deriveBits']);
  try {
    const text = await SUITE.open(
      { recipientKey, enc, info: INFO },
      sealed.slice(HEADER_BYTES),
      additionalData(subject, month),
    );
    return identityOf(new Uint8Array(text));
  } catch {
    // Without its cause: a parser's message could quote the name.
    throw tampered();
  }
}

function identityOf(text: Uint8Array): Identity {
  const content = unpad(text);
  const value: unknown =
    content === null ? null : JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  if (typeof value !== 'object' || value === null || !('site' in value) || !('account' in value))
    throw tampered();
  const account = typeof value.account === 'string' ? canonicalAccount(value.account) : null;
  if (account === null || typeof value.site !== 'string') throw tampered();
  return { site: value.site as Site, account };
}

function tampered(): ShudiError {
  return new ShudiError('vault.tampered', 'The sealed identity does not open for this subject and month.');
}

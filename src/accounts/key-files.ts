import { createHash, createPublicKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ShudiError } from '../model/errors.ts';
import { createFileOnce, makePrivateDirectory, readSecretFile } from '../platform/files.ts';

export const VAULT_KEY_FILE = 'vault.key';
export const DISCLOSURE_PUBLIC_FILE = 'disclosure.pub';

const KEY_BYTES = 32;

/** What is derived from `vault.key`; each key has one use. */
export interface VaultKeys {
  /** Of the blind index of an account's subjects. */
  readonly index: Buffer;
  /** Of the blind index of an account's badge; the gateway's workers have this one and no other. */
  readonly badge: Buffer;
  /** Of the hash that a session cookie is kept as. */
  readonly cookie: Buffer;
  /** AES-256-GCM, of the account that a session is bound to. */
  readonly session: Buffer;
  /** Kept in the vault, so that a vault and a key of different origin are not used together. */
  readonly check: Buffer;
}

/** The key that identities are sealed to. */
export interface SealingKey {
  readonly key: KeyObject;
  /** The first 8 bytes of the SHA-256 of the raw public key: names the private key that opens. */
  readonly id: Buffer;
}

/**
 * Makes `vault.key` (32 random bytes, mode 0600) when there is none. For a new installation only: a vault needs the key
 * that it was begun with.
 * @throws ShudiError data.permissions | key.invalid when there is one that cannot be used
 */
export function ensureVaultKey(keysDirectory: string): void {
  makePrivateDirectory(keysDirectory);
  const path = join(keysDirectory, VAULT_KEY_FILE);
  if (!existsSync(path)) createFileOnce(path, randomBytes(KEY_BYTES), 0o600);
  readVaultKeys(keysDirectory);
}

/** @throws ShudiError key.missing | key.invalid | data.permissions */
export function readVaultKeys(keysDirectory: string): VaultKeys {
  const path = join(keysDirectory, VAULT_KEY_FILE);
  if (!existsSync(path)) throw new ShudiError('key.missing', 'The vault key is not there.', path);
  const secret = readSecretFile(path);
  if (secret.length !== KEY_BYTES)
    throw new ShudiError('key.invalid', `The vault key must have ${KEY_BYTES} bytes.`, path);
  const derive = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `shudi vault v1 ${use}`, KEY_BYTES));
  return {
    index: derive('index'),
    badge: derive('badge'),
    cookie: derive('session cookie'),
    session: derive('session seal'),
    check: derive('check'),
  };
}

/** @throws ShudiError key.missing | key.invalid */
export function readSealingKey(keysDirectory: string): SealingKey {
  const path = join(keysDirectory, DISCLOSURE_PUBLIC_FILE);
  if (!existsSync(path)) throw new ShudiError('key.missing', 'The public disclosure key is not there.', path);
  const pem = readFileSync(path, 'utf8');
  // createPublicKey would take a private key too; none has any business here.
  if (pem.includes('PRIVATE')) throw new ShudiError('key.invalid', 'This is a private key.', path);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new ShudiError('key.invalid', 'The public disclosure key cannot be read.', path, cause);
  }
  if (key.asymmetricKeyType !== 'x25519') throw new ShudiError('key.invalid', 'This is no X25519 key.', path);
  return { key, id: sealingKeyId(key) };
}

export function sealingKeyId(publicKey: KeyObject): Buffer {
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  return createHash('sha256').update(raw).digest().subarray(0, 8);
}

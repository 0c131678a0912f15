import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import type { Subject } from '../model/accounts.ts';

/**
 * A sealed identity is HPKE in base mode (RFC 9180) with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM:
 *
 *     version (1 byte) | key id (8) | encapsulated key (32) | ciphertext and tag
 *
 * The plaintext is the padded canonical JSON of {account, site}. Subject and month are authenticated with it, so that a
 * blob that was moved to another row does not open.
 */
export const SUITE = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

export const FORMAT_VERSION = 1;
export const KEY_ID_BYTES = 8;
export const ENCAPSULATED_BYTES = 32;
export const HEADER_BYTES = 1 + KEY_ID_BYTES + ENCAPSULATED_BYTES;

/** Holds any account (128 characters, at most 384 bytes) and a site of up to 100: one length for all. */
export const IDENTITY_BUCKET = 512;

export const INFO = new TextEncoder().encode('shudi vault v1');

export function additionalData(subject: Subject, month: number): Uint8Array {
  return new TextEncoder().encode(`${subject}|${month}`);
}

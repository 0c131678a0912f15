import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { AccountId } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { pad, unpad } from './padding.ts';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BUCKET = 64;

/**
 * Seals the account of a session: nonce | ciphertext | tag. The cookie's hash and the start are authenticated with it,
 * so that a binding cannot be moved to another cookie, nor made younger.
 */
export function sealSession(key: Buffer, account: AccountId, hash: string, since: number): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(additionalData(hash, since));
  const text = cipher.update(pad(new TextEncoder().encode(account), BUCKET));
  return Uint8Array.from(Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]));
}

/** @throws ShudiError vault.tampered */
export function openSession(key: Buffer, sealed: Uint8Array, hash: string, since: number): AccountId {
  try {
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(additionalData(hash, since));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const text = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    const content = unpad(text);
    if (content === null) throw new Error('the padding is wrong');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content) as AccountId;
  } catch (cause) {
    throw new ShudiError('vault.tampered', 'A stored session does not open.', null, cause);
  }
}

function additionalData(hash: string, since: number): Buffer {
  return Buffer.from(`${hash}|${since}`, 'latin1');
}

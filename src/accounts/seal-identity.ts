import type { KeyObject } from 'node:crypto';
import type { Identity, Subject } from '../model/accounts.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import { createHpkeSealer } from './hpke-seal.ts';
import { pad } from './padding.ts';
import { additionalData, FORMAT_VERSION, IDENTITY_BUCKET, INFO } from './sealed-format.ts';

/** Seals identities to a public key; what was sealed cannot be opened here. About 0.1 ms of one processor each. */
export type IdentitySealer = (identity: Identity, subject: Subject, month: number) => Promise<Uint8Array>;

/** @param keyId  8 bytes that name the key, see SealingKey */
export function createSealer(publicKey: KeyObject, keyId: Uint8Array): IdentitySealer {
  const seal = createHpkeSealer(publicKey, INFO);
  const header = Uint8Array.of(FORMAT_VERSION, ...keyId);
  return async ({ site, account }, subject, month) => {
    const text = pad(new TextEncoder().encode(canonicalJson({ site, account })), IDENTITY_BUCKET);
    const { enc, ciphertext } = seal(text, additionalData(subject, month));
    return Uint8Array.from(Buffer.concat([header, enc, ciphertext]));
  };
}

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHpkeSealer } from '../../src/accounts/hpke-seal.ts';
import { SUITE } from '../../src/accounts/sealed-format.ts';

const recipient = generateKeyPairSync('x25519');
const bytes = fc.uint8Array({ maxLength: 600, size: 'max' });
const publicKey = (key: KeyObject) => key.toCryptoKey('X25519', true, []);
const privateKey = (key: KeyObject) => key.toCryptoKey('X25519', true, ['deriveBits']);

describe('HPKE sealing', () => {
  it('gives what the general library opens, whatever is sealed', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, bytes, bytes, async (text, aad, info) => {
        const { enc, ciphertext } = createHpkeSealer(recipient.publicKey, info)(text, aad);
        const opened = await SUITE.open(
          { recipientKey: privateKey(recipient.privateKey), enc: Uint8Array.from(enc), info },
          Uint8Array.from(ciphertext),
          aad,
        );
        expect(new Uint8Array(opened)).toEqual(text);
        const other = Uint8Array.of(...aad, 1);
        await expect(
          SUITE.open(
            { recipientKey: privateKey(recipient.privateKey), enc: Uint8Array.from(enc), info },
            Uint8Array.from(ciphertext),
            other,
          ),
        ).rejects.toThrow();
      }),
      { numRuns: 40 },
    );
  });

  it('is to the byte what the general library makes with the same ephemeral key', async () => {
    for (const length of [0, 1, 15, 16, 512]) {
      const text = new Uint8Array(length).fill(7);
      const aad = new TextEncoder().encode('subject|202611');
      const info = new TextEncoder().encode('info');
      const ephemeral = generateKeyPairSync('x25519');
      const context = await SUITE.createSenderContext({
        recipientPublicKey: publicKey(recipient.publicKey),
        info,
        ekm: { publicKey: publicKey(ephemeral.publicKey), privateKey: privateKey(ephemeral.privateKey) },
      });
      const ours = createHpkeSealer(recipient.publicKey, info)(text, aad, ephemeral);
      expect(new Uint8Array(ours.enc)).toEqual(new Uint8Array(context.enc));
      expect(new Uint8Array(ours.ciphertext)).toEqual(new Uint8Array(await context.seal(text, aad)));
    }
  });

  it('takes a new ephemeral key for every message', () => {
    const seal = createHpkeSealer(recipient.publicKey, Uint8Array.of());
    const made = Array.from({ length: 20 }, () => seal(Uint8Array.of(1), Uint8Array.of()));
    expect(new Set(made.map(({ enc }) => enc.toString('hex'))).size).toBe(20);
    expect(new Set(made.map(({ ciphertext }) => ciphertext.toString('hex'))).size).toBe(20);
  });
});

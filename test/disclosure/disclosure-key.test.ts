import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSealingKey } from '../../src/accounts/key-files.ts';
import { createSealer } from '../../src/accounts/seal-identity.ts';
import { createDisclosureKey, openIdentity, readDisclosureKey } from '../../src/disclosure/disclosure-key.ts';
import {
  canonicalAccount,
  type AccountId,
  type SealedIdentity,
  type Site,
  type Subject,
} from '../../src/model/accounts.ts';
import { temporaryDirectory } from '../support/directory.ts';

const parent = temporaryDirectory();
const SUBJECT = '0123456789abcdef' as Subject;
const OTHER = 'fedcba9876543210' as Subject;
const IDENTITY = { site: 'forum' as Site, account: '42' as AccountId };
const MONTH = 202611;

function newKeys(name: string) {
  const directory = join(parent, name);
  const id = createDisclosureKey(directory);
  const { key, id: sealingId } = readSealingKey(directory);
  expect(sealingId.toString('hex')).toBe(id);
  return { directory, key: readDisclosureKey(directory), seal: createSealer(key, sealingId) };
}

describe('the disclosure key', () => {
  it('is made once: the private half for its owner only', () => {
    const { directory } = newKeys('once');
    expect(readdirSync(directory).sort()).toEqual(['disclosure.key', 'disclosure.pub']);
    expect(statSync(join(directory, 'disclosure.key')).mode & 0o777).toBe(0o600);
    const before = readFileSync(join(directory, 'disclosure.key'));
    expect(() => createDisclosureKey(directory)).toThrow(expect.objectContaining({ code: 'key.exists' }));
    rmSync(join(directory, 'disclosure.pub'));
    expect(() => createDisclosureKey(directory)).toThrow(expect.objectContaining({ code: 'key.exists' }));
    expect(readFileSync(join(directory, 'disclosure.key')).equals(before)).toBe(true);
  });

  it('is not made beside a public half of another one', () => {
    const { directory } = newKeys('other-half');
    rmSync(join(directory, 'disclosure.key'));
    expect(() => createDisclosureKey(directory)).toThrow(expect.objectContaining({ code: 'key.exists' }));
  });

  it('has a public half that openssl makes again', () => {
    const { directory } = newKeys('openssl');
    const made = execFileSync('openssl', ['pkey', '-in', join(directory, 'disclosure.key'), '-pubout'], {
      encoding: 'utf8',
    });
    expect(made).toBe(readFileSync(join(directory, 'disclosure.pub'), 'utf8'));
  });

  it('is refused when it is missing, readable by others, no key, or of another kind', () => {
    const { directory } = newKeys('refused');
    const path = join(directory, 'disclosure.key');
    const codeOf = (code: string) => expect.objectContaining({ code }) as Error;
    chmodSync(path, 0o640);
    expect(() => readDisclosureKey(directory)).toThrow(codeOf('data.permissions'));
    chmodSync(path, 0o600);
    writeFileSync(path, 'nonsense');
    expect(() => readDisclosureKey(directory)).toThrow(codeOf('key.invalid'));
    writeFileSync(path, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect(() => readDisclosureKey(directory)).toThrow(codeOf('key.invalid'));
    rmSync(path);
    expect(() => readDisclosureKey(directory)).toThrow(codeOf('key.missing'));
  });
});

describe('openIdentity', () => {
  const { key, seal } = newKeys('open');
  const sealedEntry = async (): Promise<SealedIdentity> => ({
    subject: SUBJECT,
    month: MONTH,
    sealed: await seal(IDENTITY, SUBJECT, MONTH),
  });

  it('opens what was sealed, for any account', async () => {
    const accountId = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 128 })
      .map(canonicalAccount)
      .filter((account) => account !== null);
    const site = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/) as fc.Arbitrary<Site>;
    await fc.assert(
      fc.asyncProperty(site, accountId, async (site, account) => {
        const sealed = await seal({ site, account }, SUBJECT, MONTH);
        expect(await openIdentity(key, { subject: SUBJECT, month: MONTH, sealed })).toEqual({
          site,
          account,
        });
      }),
    );
  });

  it('is never the same twice when sealed', async () => {
    expect((await sealedEntry()).sealed).not.toEqual((await sealedEntry()).sealed);
  });

  it('refuses another key', async () => {
    const other = newKeys('another');
    await expect(openIdentity(other.key, await sealedEntry())).rejects.toMatchObject({ code: 'key.wrong' });
  });

  it('refuses a blob at another subject or month', async () => {
    const entry = await sealedEntry();
    await expect(openIdentity(key, { ...entry, subject: OTHER })).rejects.toMatchObject({
      code: 'vault.tampered',
    });
    await expect(openIdentity(key, { ...entry, month: 202612 })).rejects.toMatchObject({
      code: 'vault.tampered',
    });
  });

  it('refuses a blob with any changed byte, and any shortened one', async () => {
    const entry = await sealedEntry();
    for (let at = 0; at < entry.sealed.length; at++) {
      const sealed = Uint8Array.from(entry.sealed);
      sealed[at] = (sealed[at] ?? 0) ^ (1 << (at % 8));
      // The highest bit of an X25519 key is not part of it (RFC 7748, 5), but HPKE's key schedule binds it too.
      await expect(openIdentity(key, { ...entry, sealed }), `byte ${at}`).rejects.toMatchObject({
        code: at >= 1 && at < 9 ? 'key.wrong' : 'vault.tampered',
      });
    }
    for (const length of [0, 1, 40, 41, 60, entry.sealed.length - 1]) {
      await expect(
        openIdentity(key, { ...entry, sealed: entry.sealed.slice(0, length) }),
      ).rejects.toMatchObject({ code: 'vault.tampered' });
    }
  });
});

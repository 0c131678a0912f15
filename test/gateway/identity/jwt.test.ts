import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT, type JWTPayload } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Credentials } from '../../../src/gateway/identity/identity.ts';
import { jwtIdentity } from '../../../src/gateway/identity/jwt.ts';
import type { JwtOptions } from '../../../src/gateway/options.ts';
import type { Millis } from '../../../src/model/time.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const NOON = Date.parse('2026-11-20T12:00:00.000Z');
const SECONDS = NOON / 1000;
const directory = temporaryDirectory();
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const file = join(directory, 'jwks.json');
writeFileSync(file, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), alg: 'ES256' }] }));

const OPTIONS: JwtOptions = {
  mode: 'jwt',
  jwks: file,
  issuer: null,
  audience: null,
  claim: 'sub',
  cookie: null,
  onInvalid: 'refuse',
};

function setup(changes: Partial<JwtOptions> = {}) {
  const clock = { now: NOON };
  const identity = jwtIdentity({ ...OPTIONS, ...changes }, () => clock.now as Millis);
  return {
    clock,
    bearer: (token: string) => identity.identify({ cookie: undefined, authorization: `Bearer ${token}` }),
    identify: (credentials: Credentials) => identity.identify(credentials),
  };
}

function sign(payload: JWTPayload): Promise<string> {
  return new SignJWT({ iat: SECONDS - 60, exp: SECONDS + 600, ...payload })
    .setProtectedHeader({ alg: 'ES256' })
    .sign(privateKey);
}

describe('identity jwt', () => {
  it('tells a token once it is verified, then at once until it ends', async () => {
    const { clock, bearer } = setup();
    const token = await sign({ sub: 'anna' });
    const anna = { account: 'anna', learned: 'jwt', since: NOON - 60_000 };
    await expect(bearer(token)).resolves.toEqual(anna);
    expect(bearer(token)).toEqual(anna);
    clock.now = NOON + 600_000;
    await expect(bearer(token)).resolves.toBe('refuse');
  });

  it('takes the token from the cookie when it is to be there, and then nowhere else', async () => {
    const { identify } = setup({ cookie: 'token' });
    const token = await sign({ sub: 'anna' });
    await expect(identify({ cookie: `token=${token}`, authorization: undefined })).resolves.toMatchObject({
      account: 'anna',
    });
    expect(identify({ cookie: undefined, authorization: `Bearer ${token}` })).toBeNull();
  });

  it.each([
    ['Basic YTpi', null],
    ['Bearer', 'refuse'],
    ['Bearer a b', 'refuse'],
    [`Bearer ${'x'.repeat(8193)}`, 'refuse'],
    ['', null],
    [undefined, null],
  ])('Authorization %j is %j', (authorization, expected) => {
    expect(setup().identify({ cookie: undefined, authorization })).toBe(expected);
  });

  it('a number names an account as long as it is exact; beyond that two accounts would become one', async () => {
    const { bearer } = setup({ claim: 'uid' });
    await expect(bearer(await sign({ uid: 42 }))).resolves.toMatchObject({ account: '42' });
    await expect(bearer(await sign({ uid: 2 ** 53 - 1 }))).resolves.toMatchObject({
      account: '9007199254740991',
    });
    for (const uid of [2 ** 53, 1.5, true, null, [], {}, '', 'a b'])
      await expect(bearer(await sign({ uid }))).resolves.toBe('refuse');
  });

  it('is anonymous instead where the route says so', async () => {
    await expect(setup({ onInvalid: 'anonymous' }).bearer('nonsense')).resolves.toBeNull();
  });

  it('a key file that is none is a fault of the configuration', () => {
    writeFileSync(join(directory, 'broken.json'), '{');
    for (const name of ['broken.json', 'missing.json'])
      expect(() => setup({ jwks: join(directory, name) })).toThrow(
        expect.objectContaining({ code: 'config.invalid', where: join(directory, name) }) as Error,
      );
  });
});

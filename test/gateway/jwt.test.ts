import { createHmac, createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { JwtOptions } from '../../src/gateway/options.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { answering } from './answers.ts';
import { FORUM, NOON, openRig, type Rig } from './harness.ts';

const SECONDS = NOON / 1000;
const directory = temporaryDirectory();
const file = join(directory, 'jwks.json');
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let stranger: Awaited<ReturnType<typeof generateKeyPair>>;
let jwks: string;

beforeAll(async () => {
  keys = await generateKeyPair('ES256', { extractable: true });
  stranger = await generateKeyPair('ES256');
  jwks = JSON.stringify({
    keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }],
  });
  writeFileSync(file, jwks);
});

const options = (changes: Partial<JwtOptions> = {}): JwtOptions => ({
  mode: 'jwt',
  jwks: file,
  issuer: 'https://forum.example',
  audience: 'forum',
  claim: 'sub',
  cookie: null,
  onInvalid: 'anonymous',
  ...changes,
});

const GOOD: JWTPayload = {
  sub: 'anna',
  iss: 'https://forum.example',
  aud: 'forum',
  iat: SECONDS - 60,
  exp: SECONDS + 600,
};

type Changes = { readonly [Claim in keyof JWTPayload]: JWTPayload[Claim] | undefined };

function sign(changes: Changes = {}, key = keys.privateKey): Promise<string> {
  return new SignJWT({ ...GOOD, ...changes } as JWTPayload)
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .sign(key);
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

async function ask(rig: Rig, line: string): Promise<number> {
  const client = await rig.client();
  client.get('/', line);
  return (await client.response()).status;
}
const bearer = (token: string): string => `Authorization: Bearer ${token}\r\n`;

/** Every token here must count as invalid. */
const BAD: readonly (readonly [string, () => string | Promise<string>])[] = [
  ['expired', () => sign({ exp: SECONDS - 1 })],
  ['not valid yet', () => sign({ nbf: SECONDS + 60 })],
  ['of another issuer', () => sign({ iss: 'https://evil.example' })],
  ['for another audience', () => sign({ aud: 'shop' })],
  ['without an end', () => sign({ exp: undefined })],
  ['without the claim', () => sign({ sub: undefined })],
  ['with a claim that is no account', () => sign({ sub: 'a b' })],
  ['signed by a stranger', () => sign({}, stranger.privateKey)],
  ['of algorithm none', () => `${part({ alg: 'none' })}.${part(GOOD)}.`],
  [
    'HS256 over the public key',
    async () => {
      const head = `${part({ alg: 'HS256', kid: 'k' })}.${part(GOOD)}`;
      const spki = await exportSPKI(keys.publicKey);
      return `${head}.${createHmac('sha256', spki).update(head).digest('base64url')}`;
    },
  ],
  [
    'HS256 over the JWKS',
    () => {
      const head = `${part({ alg: 'HS256' })}.${part(GOOD)}`;
      return `${head}.${createHmac('sha256', jwks).update(head).digest('base64url')}`;
    },
  ],
  [
    'carrying its own key',
    async () => {
      const jwk = createPublicKey(
        await exportSPKI((await generateKeyPair('ES256', { extractable: true })).publicKey),
      ).export({ format: 'jwk' });
      return new SignJWT(GOOD)
        .setProtectedHeader({
          alg: 'ES256',
          jwk: { kty: 'EC', crv: 'P-256', x: jwk.x ?? '', y: jwk.y ?? '' },
        })
        .sign(stranger.privateKey);
    },
  ],
  ['cut short', async () => (await sign()).slice(0, -4)],
  [
    'with a changed payload',
    async () => {
      const [head = '', , signature = ''] = (await sign()).split('.');
      return `${head}.${part({ ...GOOD, sub: 'bert' })}.${signature}`;
    },
  ],
  ['too long', async () => sign({ pad: 'x'.repeat(9000) })],
  ['no token at all', () => 'nonsense'],
  ['in characters of no token', () => '"quoted"'],
];

describe('identity jwt', () => {
  it('a valid token in the header names the account, before its request is forwarded', async () => {
    const rig = await openRig({ identity: options() });
    expect(await ask(rig, bearer(await sign()))).toBe(200);
    expect(rig.records.all('binding')).toMatchObject([
      {
        site: FORUM,
        subject: rig.subjects.get(FORUM, 'anna', NOON),
        learned: 'jwt',
        sessionSince: NOON - 60_000,
      },
    ]);
    expect(rig.log.first('record', 'binding')).toBeLessThan(rig.log.first('upstream', 'bytes'));
    expect(rig.upstream.last.head).toContain('Authorization: Bearer ey');
  });

  it('a valid token in the cookie; the header then counts for nothing', async () => {
    const rig = await openRig({ identity: options({ cookie: 'token' }) });
    expect(await ask(rig, `Cookie: a=1; token=${await sign()}\r\n`)).toBe(200);
    expect(await ask(rig, bearer(await sign({ sub: 'bert' })))).toBe(200);
    expect(rig.records.all('binding').map((item) => item.subject)).toEqual([
      rig.subjects.get(FORUM, 'anna', NOON),
    ]);
  });

  it.each(BAD)('a token %s: anonymous, or refused where the route says so', async (_name, make) => {
    const token = await make();
    const lax = await openRig({ identity: options(), limits: { headerBytes: 32_768 } });
    expect(await ask(lax, bearer(token))).toBe(200);
    expect(lax.records.all('connection')).toHaveLength(1);
    expect(lax.records.all('binding')).toEqual([]);
    const strict = await openRig({
      identity: options({ onInvalid: 'refuse' }),
      limits: { headerBytes: 32_768 },
    });
    expect(await ask(strict, bearer(token))).toBe(401);
    expect(strict.upstream.sockets).toHaveLength(0);
    expect(strict.log.count('record', /./)).toBe(0);
  });

  it('no token is anonymous, also where bad ones are refused: somebody must be able to log in', async () => {
    const rig = await openRig({ identity: options({ onInvalid: 'refuse' }) });
    expect(await ask(rig, '')).toBe(200);
    expect(await ask(rig, 'Authorization: Basic eDp5\r\n')).toBe(200);
    expect(rig.records.all('binding')).toEqual([]);
  });

  it('a verified token is checked once, and no longer believed when it has expired', async () => {
    const rig = await openRig({ identity: options({ onInvalid: 'refuse' }) });
    const token = await sign();
    expect(await ask(rig, bearer(token))).toBe(200);
    rig.at((NOON + 599_000) as typeof NOON);
    expect(await ask(rig, bearer(token))).toBe(200);
    rig.at((NOON + 600_000) as typeof NOON);
    expect(await ask(rig, bearer(token))).toBe(401);
  });

  it('iat with a fraction, or none, gives a record that can be stored', async () => {
    const rig = await openRig({ identity: options() });
    await ask(rig, bearer(await sign({ iat: SECONDS - 0.3339 })));
    await ask(rig, bearer(await sign({ iat: undefined })));
    await ask(rig, bearer(await sign({ iat: -1e300 })));
    expect(rig.records.all('binding').map((item) => item.sessionSince)).toEqual([NOON - 334, null, null]);
  });

  it('a number as the account', async () => {
    const rig = await openRig({ identity: options({ claim: 'uid' }) });
    await ask(rig, bearer(await sign({ uid: 42 })));
    expect(rig.records.all('binding')).toMatchObject([{ subject: rig.subjects.get(FORUM, '42', NOON) }]);
  });

  it('a response cannot rename the account of a token; it can tell of its acts', async () => {
    const rig = await openRig({ identity: options() });
    rig.upstream.answer = answering('X-Shudi-Account: bert\r\nX-Shudi-Event: publish\r\n');
    await ask(rig, bearer(await sign()));
    expect(rig.records.all('publication')).toMatchObject([
      { subject: rig.subjects.get(FORUM, 'anna', NOON) },
    ]);
    expect(rig.records.all('binding')).toHaveLength(1);
  });

  it('a login, whose request has no token yet, is told by the response', async () => {
    const rig = await openRig({ identity: options() });
    rig.upstream.answer = answering('X-Shudi-Account: anna\r\nX-Shudi-Event: login\r\n');
    expect(await ask(rig, '')).toBe(200);
    expect(rig.records.all('session')).toMatchObject([
      { event: 'login', learned: 'header', subject: rig.subjects.get(FORUM, 'anna', NOON) },
    ]);
  });

  it('keys at an address: fetched; unreachable counts as a token that cannot be checked', async () => {
    const server = createServer((_request, response) => response.end(jwks)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    const rig = await openRig({ identity: options({ jwks: address, onInvalid: 'refuse' }) });
    expect(await ask(rig, bearer(await sign()))).toBe(200);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    const away = await openRig({ identity: options({ jwks: address, onInvalid: 'refuse' }) });
    expect(await ask(away, bearer(await sign()))).toBe(401);
  });

  it('a key file that is none is refused at the start', async () => {
    const bad = join(directory, 'bad.json');
    writeFileSync(bad, '{');
    await expect(openRig({ identity: options({ jwks: bad }) })).rejects.toMatchObject({
      code: 'config.invalid',
      where: bad,
    });
  });
});

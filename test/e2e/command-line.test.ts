import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.ts';
import { shudi } from './command.ts';
import { freePort } from './free-port.ts';
import { startReportingUpstream } from './reporting-upstream.ts';
import { MAIN, plainConfig, serve } from './serve.ts';

const root = temporaryDirectory();
const fresh = (name: string): string => {
  const path = join(root, name);
  mkdirSync(path);
  return path;
};

describe('shudi serve', () => {
  it('starts on an empty directory, makes keys that only the owner reads, stops on SIGTERM and leaves no lock', async () => {
    const directory = fresh('start');
    const upstream = await startReportingUpstream();
    const gateway = await serve(directory, plainConfig(directory, upstream.port));
    expect((await fetch(`http://127.0.0.1:${gateway.gatewayPort}/.shudi/healthz`)).status).toBe(200);
    for (const key of ['vault.key', 'disclosure.key'])
      expect(statSync(join(directory, 'data/keys', key)).mode & 0o777).toBe(0o600);
    expect(await gateway.stop()).toBe(0);
    const again = await serve(directory, plainConfig(directory, upstream.port));
    expect(await again.stop()).toBe(0);
    await upstream.close();
  });

  it('a second one on the same data directory is refused in clear words', async () => {
    const directory = fresh('second');
    const gateway = await serve(directory, plainConfig(directory, 9));
    const second = await shudi(['serve', '--config', join(directory, 'shudi.yaml')]);
    expect(second.status).toBe(2);
    expect(second.err).toContain('data.locked');
    expect(second.err).not.toMatch(/^\s+at /m);
    await gateway.stop();
  });

  it('a port in use is named, and nothing keeps running', async () => {
    const directory = fresh('port');
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const address = blocker.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    writeFileSync(
      join(directory, 'shudi.yaml'),
      JSON.stringify(plainConfig(directory, 9, { listener: { port } })),
    );
    const ran = await shudi(['serve', '--config', join(directory, 'shudi.yaml')]);
    expect(ran.status).toBe(2);
    expect(ran.err).toContain(`Port ${port} is in use`);
    expect(ran.err).toContain('listener public');
    blocker.close();
  });

  it('no log line holds an address, an account or a token', async () => {
    const directory = fresh('logs');
    const upstream = await startReportingUpstream();
    const gateway = await serve(directory, plainConfig(directory, upstream.port));
    const base = `http://127.0.0.1:${gateway.gatewayPort}`;
    await fetch(`${base}/login/secretaccount`, { method: 'POST' });
    await fetch(`${base}/secretpath`, { headers: { cookie: 'sid=secretcookie' } });
    await fetch(`http://127.0.0.1:${gateway.controlPort}/v1/trace`, {
      method: 'POST',
      headers: { authorization: 'Bearer shudi_p_secrettoken' },
    });
    await upstream.close();
    await fetch(`${base}/secretpath`);
    await gateway.stop();
    expect(gateway.log()).not.toMatch(/127\.0\.0\.1|secret/);
  });
});

describe('shudi demo', () => {
  it('Ctrl-C ends it with clear words and leaves no directory; a foreign directory is not touched', async () => {
    const foreign = fresh('foreign');
    writeFileSync(join(foreign, 'thesis.txt'), 'mine');
    const refused = await shudi(['demo', '--data', foreign]);
    expect(refused.status).toBe(2);
    expect(refused.err).toContain('it is left alone');
    expect(readdirSync(foreign)).toEqual(['thesis.txt']);

    const data = join(root, 'demo');
    // The demo's ports are fixed: on a machine where they are taken it must say so and leave nothing either.
    const child = spawn(process.execPath, [MAIN, 'demo', '--data', data]);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    while (!text.includes('Ctrl-C') && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 50));
    if (child.exitCode === null) {
      const second = await shudi(['demo', '--data', data]);
      expect(second.status).toBe(2);
      expect(second.err).toContain('Another demo is running');
      child.kill('SIGINT');
      expect(await ended).toBe(0);
      expect(text).toContain('the demo data is removed');
    } else expect(text).toContain('is in use');
    expect(existsSync(data)).toBe(false);
  }, 60_000);
});

describe('shudi demo, interrupted while it starts', () => {
  for (const wait of [300, 1200]) {
    it(`after ${wait} ms, by a Ctrl-C that arrives twice: nothing is left`, async () => {
      const data = join(root, `interrupted-${wait}`);
      const child = spawn(process.execPath, [MAIN, 'demo', '--data', data]);
      child.stdout.resume();
      child.stderr.resume();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      while (!existsSync(data)) await new Promise((resolve) => setTimeout(resolve, 20));
      await new Promise((resolve) => setTimeout(resolve, wait));
      child.kill('SIGINT');
      await new Promise((resolve) => setTimeout(resolve, 10));
      child.kill('SIGINT');
      await ended;
      expect(existsSync(data)).toBe(false);
    }, 60_000);
  }

  it('two that start at once: one runs, the other says so and harms nothing', async () => {
    const data = join(root, 'twice');
    const children = [0, 1].map(() => spawn(process.execPath, [MAIN, 'demo', '--data', data]));
    const texts = ['', ''];
    children.forEach((child, index) => {
      child.stdout.on('data', (chunk: Buffer) => (texts[index] += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (texts[index] += chunk.toString()));
    });
    const ended = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    const settled = () =>
      texts.filter((text) => /Ctrl-C|Another demo is running|is in use/.test(text)).length === 2;
    while (!settled() && children.some(({ exitCode }) => exitCode === null))
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(texts.filter((text) => text.includes('Another demo is running'))).toHaveLength(1);
    for (const child of children) child.kill('SIGINT');
    await Promise.all(ended);
    expect(existsSync(data)).toBe(false);
  }, 60_000);
});

describe('wrong usage', () => {
  for (const [args, says] of [
    [['nonsense'], 'there is no command'],
    [['serve'], '--config'],
    [['serve', '--config', '/nowhere.yaml'], 'config.unreadable'],
    [['trace', '--data', '/nowhere', '--outside', '1.2.3.4', '--at', '2026-01-01T00:00:00Z'], 'data.missing'],
    [['verify', '/nowhere'], 'data.missing'],
    [['geo', 'lookup'], 'number of arguments'],
    [['geo', 'lookup', '8.8.8.8:53'], 'address.invalid'],
    [['user', 'list'], '--data'],
    [['trace', '--bogus'], '--bogus'],
  ] as const) {
    it(`shudi ${args.join(' ')}`, async () => {
      const ran = await shudi(args);
      expect(ran.status).toBe(2);
      expect(ran.err).toContain(says);
      expect(ran.err).not.toMatch(/^\s+at /m);
    });
  }

  it('help lists every command and exits with 0', async () => {
    const ran = await shudi(['help']);
    expect(ran.status).toBe(0);
    for (const name of ['serve', 'demo', 'check', 'trace', 'verify', 'geo build', 'retention run'])
      expect(ran.out).toContain(`shudi ${name}`);
  });
});

describe('people on the command line', () => {
  it('the first two are enrolled once; a third takes two people; tokens are shown once and kept as hashes', async () => {
    const directory = fresh('people');
    const gateway = await serve(directory, plainConfig(directory, 9));
    const data = join(directory, 'data');
    const first = await shudi([
      'user',
      'bootstrap',
      '--requester',
      'Ruth',
      '--approver',
      'Alan',
      '--data',
      data,
    ]);
    expect(first.status).toBe(0);
    const people = JSON.parse(first.out) as { requester: { token: string }; approver: { token: string } };
    expect(
      (await shudi(['user', 'bootstrap', '--requester', 'X', '--approver', 'Y', '--data', data])).status,
    ).toBe(2);
    const made = await shudi(['token', 'new']);
    const mary = JSON.parse(made.out) as { token: string; hash: string };
    const proposed = await shudi(
      ['user', 'propose', '--name', 'Mary', '--role', 'approver', '--token-hash', mary.hash, '--data', data],
      { SHUDI_TOKEN: people.requester.token },
    );
    expect(proposed.status).toBe(0);
    const { proposal } = JSON.parse(proposed.out) as { proposal: string };
    const own = await shudi(['user', 'confirm', proposal, '--data', data], {
      SHUDI_TOKEN: people.requester.token,
    });
    expect(own.status).toBe(2);
    expect(own.err).toContain('auth.same-person');
    expect(
      (await shudi(['user', 'confirm', proposal, '--data', data], { SHUDI_TOKEN: people.approver.token }))
        .status,
    ).toBe(0);
    const hashed = ['--token-hash', mary.hash, '--data', data];
    const staff = await shudi(['user', 'propose', '--name', 'Olga', '--role', 'operator', ...hashed]);
    expect(staff.status).toBe(2);
    expect(staff.err).toContain('--token-hash');
    const list = await shudi(['user', 'list', '--data', data]);
    expect(list.out).toContain('Mary');
    expect(list.out).not.toContain('shudi_p_');
    // The third person's own token works from the moment that the second word was said.
    const further = await shudi(['token', 'issue', '--data', data], { SHUDI_TOKEN: mary.token });
    expect(further.status).toBe(0);
    await gateway.stop();
  });
});

describe('shudi check', () => {
  it('says what is fine, and what is wrong with its place', async () => {
    const directory = fresh('check');
    const file = join(directory, 'shudi.yaml');
    writeFileSync(file, JSON.stringify(plainConfig(directory, await freePort())));
    const good = await shudi(['check', '--config', file, '--json']);
    expect(good.status).toBe(0);
    expect(JSON.parse(good.out)).toMatchObject({ ok: true });
    writeFileSync(file, JSON.stringify({ ...plainConfig(directory, 9), regions: { file: '/nowhere.mmdb' } }));
    const bad = await shudi(['check', '--config', file]);
    expect(bad.status).toBe(2);
    expect(bad.out).toContain('region.missing');
  });
});

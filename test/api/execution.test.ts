import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tamper } from '../ledger/support.ts';
import {
  ALICE,
  approve,
  ask,
  execute,
  journalled,
  openWorld,
  questionAbout,
  type World,
  type WorldOptions,
} from './support.ts';

async function approved(options: WorldOptions = {}) {
  const world = await openWorld(options);
  onTestFinished(() => world.close());
  const request = await ask(world, [questionAbout(await world.record([ALICE]))]);
  const granted = await approve(world, request);
  return { world, request, grant: granted.json.id };
}

/** Holds the journal's write lock, as a stuck or malicious program would. */
function lockJournal(world: World): () => void {
  const database = new DatabaseSync(join(world.directory, 'journal.sqlite'));
  database.exec('BEGIN IMMEDIATE');
  return () => {
    database.exec('ROLLBACK');
    database.close();
  };
}

/** Puts a pipe in the place of the private key: who opens it waits until `release`. */
function holdKey(world: World): { release: () => Promise<void> } {
  const path = join(world.keys, 'disclosure.key');
  const pem = readFileSync(path);
  renameSync(path, `${path}.away`);
  execFileSync('mkfifo', ['-m', '600', path]);
  return { release: () => writeFile(path, pem) };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('the disclosure process', () => {
  it('refuses a journal in which anything was changed', async () => {
    const { world, request } = await approved();
    tamper(
      join(world.directory, 'journal.sqlite'),
      "UPDATE entries SET actor = 'p-0000000000000000' WHERE kind = 'case.opened'",
    );
    const reply = await execute(world, request);
    expect(reply).toMatchObject({ status: 500, json: { code: 'journal.broken' } });
    expect(reply.text).not.toContain('alice');
  });

  it('refuses a journal that was cut, or replaced by another one, and makes none', async () => {
    const { world, grant } = await approved();
    const { head } = world.register;
    const order = { token: world.tokens.requester, grant };
    const seen = { seq: head.seq, hash: '1'.repeat(64) };
    await expect(world.control.execute({ ...order, seen })).rejects.toMatchObject({ code: 'journal.broken' });
    const longer = { seq: head.seq + 5, hash: head.hash };
    await expect(world.control.execute({ ...order, seen: longer })).rejects.toMatchObject({
      code: 'journal.broken',
    });
    expect(await journalled(world, 'grant.used')).toEqual([]);

    const other = await approved();
    const path = join(other.world.directory, 'journal.sqlite');
    renameSync(path, `${path}.away`);
    const gone = other.world.control.execute({
      token: other.world.tokens.requester,
      grant: other.grant,
      seen: other.world.register.head,
    });
    await expect(gone).rejects.toMatchObject({ code: 'data.missing' });
    expect(existsSync(path)).toBe(false);
    renameSync(`${path}.away`, path);
  });

  it('writes the use down before it opens the private key', async () => {
    const { world, request } = await approved();
    const key = holdKey(world);
    const unlock = lockJournal(world);
    // Were the key opened first, the process would hang at it; it ends, because the use cannot be written.
    const reply = await execute(world, request);
    unlock();
    expect(reply).toMatchObject({ status: 503, json: { code: 'journal.unavailable' } });
    expect(await journalled(world, 'grant.used')).toEqual([]);
    const [answered] = await Promise.all([execute(world, request), key.release()]);
    expect(answered.status, answered.text).toBe(200);
  });

  it('gives no answer when the answer cannot be written down', async () => {
    const { world, request } = await approved();
    const key = holdKey(world);
    const running = execute(world, request);
    await until(async () => (await journalled(world, 'grant.used')).length > 0);
    // From here on nothing can be chained to the journal.
    tamper(
      join(world.directory, 'journal.sqlite'),
      "UPDATE entries SET actor = 'x' WHERE kind = 'grant.used'",
    );
    await key.release();
    const reply = await running;
    expect(reply).toMatchObject({ status: 500, json: { code: 'journal.broken' } });
    expect(reply.text).not.toContain('alice');
  });

  it('is told nothing by its arguments and environment', async () => {
    const seen: string[] = [];
    const { world, request } = await approved({
      executor: {
        onStart: ({ pid }) => {
          for (const file of ['cmdline', 'environ'])
            seen.push(readFileSync(`/proc/${pid}/${file}`, 'latin1'));
        },
      },
    });
    expect((await execute(world, request)).status).toBe(200);
    expect(seen).toHaveLength(2);
    expect(seen[0]).toContain('execute-process.ts');
    expect(seen.join(' ')).not.toContain('shudi_p_');
    expect(seen[1]).toBe('');
  });

  it('is killed when it takes too long, and only so many run at once', async () => {
    const { world, request, grant } = await approved({ executor: { timeoutMs: 1000 } });
    holdKey(world);
    const order = { token: world.tokens.requester, grant, seen: world.register.head };
    const others = Array.from({ length: 5 }, () =>
      world.control.execute({ ...order, grant: 'g-0000000000000000' }).catch((error: unknown) => error),
    );
    const busy = (await Promise.all(others)).filter(
      (error) => error instanceof Error && 'code' in error && error.code === 'grant.busy',
    );
    expect(busy).toHaveLength(1);
    expect(await execute(world, request)).toMatchObject({ status: 500, json: { code: 'grant.interrupted' } });
  });

  it('says so when the vault was changed, or another key sealed it', async () => {
    const { world, request } = await approved();
    tamper(
      join(world.directory, 'vault.sqlite'),
      "UPDATE subjects SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) || x'00' AS BLOB)",
    );
    const reply = await execute(world, request);
    expect(reply.json.code).toBe('vault.tampered');
    expect((await journalled(world, 'disclosure.failed'))[0]?.body['code']).toBe('vault.tampered');
  });

  it('does not take an account for unknown when the vault key is another one', async () => {
    const { world } = await approved();
    const from = '2026-11-01T00:00:00Z';
    const request = await ask(world, [{ account: 'alice', site: 'forum', from, to: from }]);
    await approve(world, request);
    writeFileSync(join(world.keys, 'vault.key'), Buffer.alloc(32, 7));
    expect((await execute(world, request)).json.code).toBe('key.wrong');
  });
});

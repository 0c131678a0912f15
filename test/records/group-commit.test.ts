import { describe, expect, it } from 'vitest';
import { GroupCommit } from '../../src/records/group-commit.ts';
import { connection, NOON } from './items.ts';

const item = (number: number) => connection(number, NOON);

/** A commit under the test's hand. */
function held() {
  const batches: { lines: string[]; resolve: () => void; reject: (error: Error) => void }[] = [];
  const group = new GroupCommit(
    (lines) => new Promise<void>((resolve, reject) => batches.push({ lines, resolve, reject })),
    (record) => (record.type === 'connection' ? String(record.id) : ''),
    5,
  );
  return { group, batches };
}

const settled = async (promise: Promise<void>): Promise<string> => {
  const pending = Symbol('pending');
  const first = await Promise.race([
    promise.then(
      () => 'durable',
      () => 'refused',
    ),
    new Promise((resolve) => setImmediate(() => resolve(pending))),
  ]);
  return first === pending ? 'waiting' : String(first);
};

describe('group commit', () => {
  it('what arrives while a commit runs shares the next one, and nothing resolves before its own commit', async () => {
    const { group, batches } = held();
    const first = group.append([item(1)]);
    const second = group.append([item(2), item(3)]);
    const third = group.append([item(4)]);
    expect(batches.map(({ lines }) => lines)).toEqual([['1']]);
    expect(await settled(first)).toBe('waiting');
    batches[0]?.resolve();
    expect(await settled(first)).toBe('durable');
    expect(await settled(second)).toBe('waiting');
    expect(batches.map(({ lines }) => lines)).toEqual([['1'], ['2', '3', '4']]);
    batches[1]?.resolve();
    await Promise.all([second, third]);
  });

  it('refuses what goes beyond its bound, and takes more once there is room', async () => {
    const { group, batches } = held();
    const first = group.append([item(1)]);
    const waiting = group.append([item(2), item(3), item(4), item(5), item(6)]);
    await expect(group.append([item(7)])).rejects.toMatchObject({ code: 'records.unavailable' });
    batches[0]?.resolve();
    await first;
    const later = group.append([item(8)]);
    batches[1]?.resolve();
    await waiting;
    await settled(later);
    batches[2]?.resolve();
    await later;
  });

  it('after a failed commit nothing is ever tried again', async () => {
    const { group, batches } = held();
    const first = group.append([item(1)]);
    const second = group.append([item(2)]);
    batches[0]?.reject(new Error('disk'));
    await expect(first).rejects.toThrow('disk');
    await expect(second).rejects.toThrow('disk');
    expect(await group.failed).toMatchObject({ message: 'disk' });
    await expect(group.append([item(3)])).rejects.toMatchObject({ code: 'records.unavailable' });
    expect(batches).toHaveLength(1);
  });
});

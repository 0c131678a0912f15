import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createCookieTurns } from '../../src/accounts/cookie-turns.ts';

/** Writes that end when they are let go, and a list of those that have begun. */
function writes() {
  const begun: string[] = [];
  const ends = new Map<string, (failed: boolean) => void>();
  const write = (name: string) => (): Promise<string> => {
    begun.push(name);
    return new Promise((resolve, reject) => {
      ends.set(name, (failed) => (failed ? reject(new Error(name)) : resolve(name)));
    });
  };
  const end = async (name: string, failed = false): Promise<void> => {
    ends.get(name)?.(failed);
    await turn();
    await turn();
  };
  return { begun, write, end };
}

describe('turns of a cookie', () => {
  const [A, B] = [Symbol('a'), Symbol('b')];

  it('let the writes of one origin overlap, in their order', async () => {
    const inTurn = createCookieTurns();
    const { begun, write, end } = writes();
    const all = ['1', '2', '3'].map((name) => inTurn('cookie', A, write(name)));
    await turn();
    expect(begun).toEqual(['1', '2', '3']);
    for (const name of ['3', '1', '2']) await end(name);
    expect(await Promise.all(all)).toEqual(['1', '2', '3']);
  });

  it('make another origin wait for them all, and then the first one for the other', async () => {
    const inTurn = createCookieTurns();
    const { begun, write, end } = writes();
    const all = [inTurn('cookie', A, write('a1')), inTurn('cookie', A, write('a2'))];
    await turn();
    all.push(
      inTurn('cookie', B, write('b1')),
      inTurn('cookie', A, write('a3')),
      inTurn('cookie', A, write('a4')),
    );
    await end('a1');
    expect(begun).toEqual(['a1', 'a2']);
    await end('a2');
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    await end('b1');
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
    await end('a3');
    await end('a4');
    await Promise.all(all);
  });

  it('go on after a write has failed, and do not hold up other cookies', async () => {
    const inTurn = createCookieTurns();
    const { begun, write, end } = writes();
    const failing = inTurn('cookie', A, write('a'));
    const next = inTurn('cookie', B, write('b'));
    const other = inTurn('other', B, write('c'));
    const failed = expect(failing).rejects.toThrow('a');
    await turn();
    expect(begun).toEqual(['a', 'c']);
    await end('a', true);
    await failed;
    expect(begun).toEqual(['a', 'c', 'b']);
    await end('b');
    await end('c');
    await Promise.all([next, other]);
  });
});

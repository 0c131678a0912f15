import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { childLink, type Link } from '../../src/platform/rpc.ts';

const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

function start(what: string): { child: ChildProcess; link: Link; closed: Promise<void> } {
  const path = fileURLToPath(new URL('./link-child.ts', import.meta.url));
  const child = fork(path, [what], { serialization: 'advanced', execArgv: [] });
  children.push(child);
  const link = childLink(child);
  return { child, link, closed: new Promise((resolve) => link.onClosed(resolve)) };
}

function nextMessage(link: Link): Promise<unknown> {
  return new Promise((resolve) => link.onMessage(resolve));
}

describe('a link to a child', () => {
  it('carries what structured clones can', async () => {
    const { link } = start('echo');
    const answer = nextMessage(link);
    const message = { bytes: Uint32Array.of(1, 2 ** 32 - 1), none: undefined, text: '用户' };
    link.send(message);
    expect(await answer).toEqual({ echo: message });
  });

  it('is closed when the child is dead, and what is sent then is dropped', async () => {
    const { link, child, closed } = start('echo');
    const answer = nextMessage(link);
    link.send('ready?');
    await answer;
    link.close();
    // The kernel may take this one or not; nobody will ever read it.
    link.send('x'.repeat(1_000_000));
    await closed;
    expect(child.signalCode).toBe('SIGKILL');
    link.send('late');
    let told = false;
    link.onClosed(() => (told = true));
    expect(told).toBe(true);
  });

  it('gives everything that the child sent before it went', async () => {
    const { link, closed } = start('talk-and-die');
    const got: unknown[] = [];
    link.onMessage((message) => got.push(message));
    link.send('go');
    await closed;
    expect(got).toHaveLength(100);
  });

  it('to one that could not be started is closed', async () => {
    const child = fork('none', [], { execPath: '/nonexistent/node', serialization: 'advanced' });
    child.on('error', () => undefined);
    const link = childLink(child);
    await new Promise<void>((resolve) => link.onClosed(resolve));
    expect(child.pid).toBeUndefined();
  });

  it('ends a child that has left it and lives on', async () => {
    const { link, child, closed } = start('stubborn');
    link.send('go');
    await once(child, 'disconnect');
    expect(child.exitCode ?? child.signalCode).toBeNull();
    await closed;
    expect(child.signalCode).toBe('SIGKILL');
  });
});

import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listenPrivately } from '../../src/platform/socket-path.ts';
import { temporaryDirectory } from '../support/directory.ts';

it('a socket that could not take a connection, once and again, goes on listening', async () => {
  const server = createServer();
  await listenPrivately(server, join(temporaryDirectory(), 'private', 'a.sock'));
  for (let time = 0; time < 3; time += 1) expect(server.emit('error', new Error('EMFILE'))).toBe(true);
  expect(server.listening).toBe(true);
  await new Promise((resolve) => server.close(resolve));
});

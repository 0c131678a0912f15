import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { Availability } from './types.ts';

const run = promisify(execFile);

/** A port that was free a moment ago; for programs that cannot tell which one they took. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

/** Whether a program is there, by asking for its version. */
export async function programVersion(program: string, args: readonly string[]): Promise<Availability> {
  try {
    const { stdout, stderr } = await run(program, [...args], { timeout: 10_000 });
    return { installed: true, version: (stdout + stderr).trim().split('\n')[0] ?? '' };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return { installed: false, reason: 'not installed' };
    }
    throw error;
  }
}

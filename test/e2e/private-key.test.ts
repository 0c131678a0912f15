import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.ts';
import { hasTool } from '../support/tools.ts';
import { startReportingUpstream } from './reporting-upstream.ts';
import { MAIN, plainConfig } from './serve.ts';

describe.runIf(hasTool('strace') && hasTool('pkill'))('the private half of the disclosure key', () => {
  it('is never opened by the process that runs the gateway, from its start to its stop', async () => {
    const directory = temporaryDirectory();
    const upstream = await startReportingUpstream();
    mkdirSync(join(directory, 'data'), { mode: 0o700 });
    execFileSync(process.execPath, [MAIN, 'key', 'init', '--data', join(directory, 'data')]);
    const file = join(directory, 'shudi.yaml');
    writeFileSync(file, JSON.stringify(plainConfig(directory, upstream.port)));
    const trace = join(directory, 'opened');
    // -f follows threads and children: none of them may open it either, as nothing is disclosed here.
    const child = spawn(
      'strace',
      [
        '-f',
        '-qq',
        '-e',
        'trace=open,openat,openat2',
        '-o',
        trace,
        process.execPath,
        MAIN,
        'serve',
        '--config',
        file,
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (!text.includes('"listener":"control"') && child.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 100));
    const port = /"listener":"public","port":(\d+)/.exec(text)?.[1];
    expect((await fetch(`http://127.0.0.1:${port}/login/carol`, { method: 'POST' })).status).toBe(200);
    execFileSync('pkill', ['-TERM', '-P', String(child.pid)]);
    await ended;
    await upstream.close();
    const opened = readFileSync(trace, 'utf8');
    expect(opened).toContain('disclosure.pub');
    expect(opened).toContain('vault.key');
    expect(opened).not.toContain('disclosure.key');
  }, 60_000);
});

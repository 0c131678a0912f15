#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Compiled code is kept beside the packages: a process that finds it need not load the TypeScript stripper, which takes
// some 30 MB and a third of its start. The processes and threads that this one starts use it too. Not in a shared
// directory: what is in it is run.
process.env['NODE_COMPILE_CACHE'] = fileURLToPath(new URL('../node_modules/.cache/shudi', import.meta.url));
enableCompileCache(process.env['NODE_COMPILE_CACHE']);

// The allocator's arenas, one a thread, would keep what a burst of connections took; read by the processes that follow.
process.env['MALLOC_ARENA_MAX'] ??= '2';

// What this program writes is for its owner only: records, keys, the files that SQLite puts beside them.
process.umask(0o077);

const { runCommandLine } = await import('./app/command-line.ts');

// The only reader of argv and environment. What is typed in is judged in app/command-line.ts.
process.exitCode = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  directory: process.cwd(),
  write: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
});

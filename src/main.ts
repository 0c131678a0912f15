#!/usr/bin/env node
import { runCommandLine } from './app/command-line.ts';

// What this program writes is for its owner only: records, keys, the files that SQLite puts beside them.
process.umask(0o077);

// The only reader of argv and environment. What is typed in is judged in app/command-line.ts.
process.exitCode = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  directory: process.cwd(),
  write: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
});

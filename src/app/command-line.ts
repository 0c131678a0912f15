import { errorLine, ShudiError } from '../model/errors.ts';
import { COMMANDS } from './commands/table.ts';

/** The world around a command: main.ts hands it in, tests their own. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Whether somebody sees what is complained: then progress is shown there. */
  readonly isTerminal?: boolean;
}

/** 0 done, 1 the answer is no, 2 wrong usage or configuration. */
export type ExitStatus = 0 | 1 | 2;

export type Run = (args: readonly string[], world: Surroundings) => Promise<ExitStatus>;

export interface Command {
  /** The arguments, as the help shows them. */
  readonly usage: string;
  readonly does: string;
  load(): Promise<Run>;
}

/** Codes that say that something is not so, or not there any more, rather than that the caller asked wrongly. */
const ANSWER_IS_NO = new Set([
  'data.damaged',
  'journal.broken',
  'records.unavailable',
  'journal.unavailable',
  'internal.fault',
]);

/** Runs one command line; every error is one clear line and an exit status, never a stack. */
export async function runCommandLine(args: readonly string[], world: Surroundings): Promise<ExitStatus> {
  const { name, rest } = commandOf(args);
  if (name === 'help' || name === '--help' || name === '-h') {
    world.write(helpText());
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    world.complain(
      name === '' ? helpText() : `usage.command: there is no command "${name}".\n  Run \`shudi help\`.\n`,
    );
    return 2;
  }
  try {
    const run = await command.load();
    return await run(rest, world);
  } catch (error) {
    return complainAbout(error, `shudi ${name} ${command.usage}`, world);
  }
}

function complainAbout(error: unknown, usage: string, world: Surroundings): ExitStatus {
  if (error instanceof ShudiError) {
    world.complain(`${errorLine(error)}\n`);
    if (error.code === 'usage.command') world.complain(`  Usage: ${usage}\n`);
    return ANSWER_IS_NO.has(error.code) ? 1 : 2;
  }
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
    world.complain(`usage.command: ${error.message.split('. ')[0]}.\n  Usage: ${usage}\n`);
    return 2;
  }
  world.complain(`${errorLine(error)}\n`);
  if (world.environment['SHUDI_DEBUG'] === '1')
    world.complain(`${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}

/** Commands of two words (`geo build`) come before those of one. */
function commandOf(args: readonly string[]): { name: string; rest: readonly string[] } {
  const two = `${args[0] ?? ''} ${args[1] ?? ''}`;
  if (Object.hasOwn(COMMANDS, two)) return { name: two, rest: args.slice(2) };
  return { name: args[0] ?? '', rest: args.slice(1) };
}

function helpText(): string {
  const lines = Object.entries(COMMANDS).map(
    ([name, { usage, does }]) => `  shudi ${`${name} ${usage}`.trim()}\n      ${does}\n`,
  );
  return `Shudi (属地): records who used which address, shows IP regions, answers lawful questions under control.\n\n${lines.join('')}\nExit status: 0 done, 1 the answer is no, 2 wrong usage or configuration.\n`;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ErrorCode } from '../model/error-codes.ts';
import { ShudiError } from '../model/errors.ts';
import type { JournalHead } from '../model/journal.ts';
import type { DisclosedAnswer, ExecutionOrder } from './execution.ts';

export interface ExecutorOptions {
  readonly dataDirectory: string;
  readonly keysDirectory: string;
  readonly assumedClockErrorMs: number;
  /** Addresses and CIDRs that serve one subscriber only; plain text, as another process reads them. */
  readonly unshared: readonly string[];
  /** After this long the process is killed; its grant stays used. 60 s when absent. */
  readonly timeoutMs?: number;
  /** Told of each process that is started. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** Runs a grant in a process of its own. See `executeGrant`. */
export type Execute = (order: {
  readonly token: string;
  readonly grant: string;
  readonly seen: JournalHead;
}) => Promise<DisclosedAnswer>;

const PROCESS = fileURLToPath(new URL('./execute-process.ts', import.meta.url));
const AT_ONCE = 4;
const TIMEOUT_MS = 60_000;
const REPLY_LIMIT = 64 * 1024 * 1024;

type Reply =
  | { readonly ok: true; readonly answer: DisclosedAnswer }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: string; readonly where: string | null };

/** Makes the one way from a gateway's process to identities: it leads through another process and the journal. */
export function createExecutor(options: ExecutorOptions): Execute {
  let running = 0;
  return async (order) => {
    if (running >= AT_ONCE) throw new ShudiError('grant.busy', `${AT_ONCE} disclosures run now.`);
    running++;
    try {
      return await runProcess(options, order);
    } finally {
      running--;
    }
  };
}

async function runProcess(options: ExecutorOptions, order: Parameters<Execute>[0]): Promise<DisclosedAnswer> {
  const { dataDirectory, keysDirectory, assumedClockErrorMs, unshared } = options;
  const full: ExecutionOrder = { ...order, dataDirectory, keysDirectory, assumedClockErrorMs, unshared };
  const text = await talk(options, JSON.stringify(full));
  const reply = parseReply(text);
  if (reply === null)
    throw new ShudiError('grant.interrupted', 'The disclosure process ended without a reply.');
  if (!reply.ok) throw new ShudiError(reply.code, reply.detail, reply.where);
  return reply.answer;
}

/** The process's whole output, or '' when it was killed or said too much. */
function talk(options: ExecutorOptions, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // An empty environment: nothing of ours is for it, and nothing that changes how it runs should reach it.
    const child = spawn(process.execPath, [PROCESS], { env: {}, stdio: ['pipe', 'pipe', 'ignore'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? TIMEOUT_MS);
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > REPLY_LIMIT) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.once('error', (cause) => {
      clearTimeout(timer);
      reject(new ShudiError('grant.interrupted', 'The disclosure process cannot be started.', null, cause));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve(code === 0 ? Buffer.concat(chunks).toString('utf8') : '');
    });
    // A process that dies early closes its end; its exit tells more than this error.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    options.onStart?.(child);
  });
}

function parseReply(text: string): Reply | null {
  try {
    return JSON.parse(text) as Reply;
  } catch {
    return null;
  }
}

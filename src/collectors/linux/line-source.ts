import type { SourceFeed } from '../feed.ts';
import { ChildLines } from './child-lines.ts';
import { FileLines } from './file-lines.ts';
import { LineSplitter } from './line-splitter.ts';
import { PipeLines } from './pipe-lines.ts';
import type { LineReader } from './told-lines.ts';

/** What lines are read from. */
export interface LineSource {
  /** Whether it is being read now: the command runs, the file or the pipe is open. */
  running(): boolean;
  /** Whether what happens now would be told: of a pipe, only while somebody writes to it. */
  isTelling(): boolean;
  /** Why it is not, as a system's code (`ENOENT`), `exit-1`, `not-a-file`, `not-a-pipe`; null when nothing failed. */
  fault(): string | null;
  /** How often the command was started, or the file or pipe opened, so far. */
  starts(): number;
  /** Nothing is read after it resolves. It ends what was started here, nothing else. */
  stop(): Promise<void>;
}

interface Both {
  readonly reader: LineReader;
  readonly feed: Pick<SourceFeed, 'lost' | 'unread'>;
}

export type LineSourceOptions = Both &
  (
    | {
        readonly mode: 'run';
        /** Of the netlink socket, bytes; the kernel may give less. */
        readonly bufferBytes?: number;
        /** The network namespace whose connections are tracked; without it this process's own. */
        readonly namespace?: string | null;
        /** A path and its arguments: for tests. */
        readonly command?: readonly [string, ...string[]];
      }
    | {
        readonly mode: 'file' | 'pipe';
        readonly path: string;
        /** How often it is looked whether there is more, or another file in its place, ms. */
        readonly pollMs?: number;
      }
  );

const BUFFER_BYTES = 8 * 1024 * 1024;
const POLL_MS = 1000;

/**
 * `conntrack` of Debian's conntrack-tools, told to write each beginning and each end of an entry.
 * @param bufferBytes  of the netlink socket: what does not fit while we are slow is lost
 */
const conntrackCommand = (bufferBytes: number): readonly [string, ...string[]] => [
  '/usr/sbin/conntrack',
  '-E',
  '-o',
  'timestamp,id',
  '-e',
  'NEW,DESTROY',
  '--buffer-size',
  `${bufferBytes}`,
];

/** @param namespace  a network namespace by the name that `ip netns` knows it by */
const within = (namespace: string | null, bufferBytes: number): readonly [string, ...string[]] =>
  namespace === null
    ? conntrackCommand(bufferBytes)
    : ['/usr/sbin/ip', 'netns', 'exec', namespace, ...conntrackCommand(bufferBytes)];

/**
 * Reads the lines of connection tracking, and goes on until it is stopped:
 * - `run`: of a command that is started here, and again when it ends.
 * - `pipe`: of a FIFO that others write to, one after the other.
 * - `file`: what is appended to a file from now on, also after it was rotated or truncated.
 *
 * Where lines are known to be missing the feed is told (`lost`). It never throws: what fails is tried again.
 */
export function startConntrack(options: LineSourceOptions): LineSource {
  const { reader, feed } = options;
  const lines = new LineSplitter(
    (line) => reader.line(line),
    (fault) => feed.unread(fault, 1),
  );
  const lost = (): void => feed.lost(0);
  if (options.mode === 'run') {
    const command = options.command ?? within(options.namespace ?? null, options.bufferBytes ?? BUFFER_BYTES);
    return new ChildLines({ command, lines, lost });
  }
  const { path, pollMs = POLL_MS } = options;
  if (options.mode === 'pipe') return new PipeLines({ path, pollMs, lines, lost });
  return new FileLines({ path, pollMs, lines, lost, settled: () => reader.settled() });
}

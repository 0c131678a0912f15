import { createServer, type Socket } from 'node:net';
import type { Site, SubjectDirectory } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { openPeer, type Contract } from '../platform/rpc.ts';
import { socketLink } from '../platform/socket-link.ts';
import { listenPrivately } from '../platform/socket-path.ts';
import { accountOf, partsOf, siteOf, timeOf } from './parse-call.ts';
import { MOST_CALLS, SUBJECTS_CHANNEL, type SubjectsContract } from './subjects-contract.ts';

export interface SubjectsServerOptions {
  readonly subjects: Pick<SubjectDirectory, 'subjectOf'>;
  readonly socketPath: string;
  /** Whose accounts nobody but the gateway may add to. */
  readonly isCommunity: (site: Site) => boolean;
}

export interface SubjectsServer {
  close(): Promise<void>;
}

/** One import runs at a time; one that is about to go may overlap with the next. */
const MOST_CONNECTIONS = 4;

/** Serves subjects over a Unix socket, for `shudi import` while this process has the vault; see `connectSubjects`. */
export async function serveSubjects(options: SubjectsServerOptions): Promise<SubjectsServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serveOn(socket, options);
  });
  server.maxConnections = MOST_CONNECTIONS;
  await listenPrivately(server, options.socketPath);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function serveOn(socket: Socket, { subjects, isCommunity }: SubjectsServerOptions): void {
  let site: Site | null = null;
  openPeer<SubjectsContract, Contract>(socketLink(socket), {
    channel: SUBJECTS_CHANNEL,
    methods: {
      open: (argument) => {
        if (site !== null) throw new ShudiError('internal.fault', 'The import has opened already.');
        const asked = siteOf(argument);
        if (isCommunity(asked))
          throw new ShudiError(
            'usage.command',
            'This is a community of the gateway: a source needs a name of its own.',
            '--source',
          );
        site = asked;
        return null;
      },
      subject: (argument) => {
        const [account, at] = partsOf(argument, 2);
        if (site === null) throw new ShudiError('internal.fault', 'The import has not opened yet.');
        return subjects.subjectOf(site, accountOf(account), timeOf(at));
      },
    },
    limits: { outstanding: 1, serving: MOST_CALLS },
    busy: () => new ShudiError('vault.busy', 'Too many calls wait for the vault.'),
    gone: () => new ShudiError('vault.unavailable', 'The import is gone.'),
  });
}

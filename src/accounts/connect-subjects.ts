import type { Site, SubjectDirectory } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { openPeer } from '../platform/rpc.ts';
import { connectSocket, socketLink } from '../platform/socket-link.ts';
import { MOST_CALLS, SUBJECTS_CHANNEL, type SubjectsContract } from './subjects-contract.ts';

/** The subjects of one site, over the socket of the process that has the vault. */
export interface ConnectedSubjects {
  readonly subjects: Pick<SubjectDirectory, 'subjectOf'>;
  close(): void;
}

/** @throws ShudiError vault.unavailable when nobody serves there | usage.command when the site is a community's */
export async function connectSubjects(socketPath: string, site: Site): Promise<ConnectedSubjects> {
  const socket = await connectSocket(socketPath).catch((error: unknown) => {
    throw new ShudiError(
      'vault.unavailable',
      'The process that has the vault cannot be reached.',
      null,
      error,
    );
  });
  const link = socketLink(socket);
  const peer = openPeer<Record<string, never>, SubjectsContract>(link, {
    channel: SUBJECTS_CHANNEL,
    methods: {},
    limits: { outstanding: MOST_CALLS, serving: 0 },
    busy: () => new ShudiError('vault.busy', 'Too many calls wait for the vault.'),
    gone: () => new ShudiError('vault.unavailable', 'The process that has the vault is gone.'),
  });
  try {
    await peer.call('open', site);
  } catch (error) {
    link.close();
    throw error;
  }
  return {
    subjects: {
      subjectOf: async (asked, account, at) => {
        if (asked !== site) throw new ShudiError('internal.fault', 'The accounts are of another site.');
        return peer.call('subject', [account, at]);
      },
    },
    close: () => link.close(),
  };
}

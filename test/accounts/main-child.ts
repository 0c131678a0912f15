// A main process with one worker, to be killed: `main-child.ts DIRECTORY`. The worker has this one's stdin and stdout.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openAccounts } from '../../src/accounts/open-accounts.ts';
import { serveAccounts } from '../../src/accounts/serve-accounts.ts';
import { childLink } from '../../src/platform/rpc.ts';
import { account, FORUM, NOVEMBER } from './support.ts';

const [directory = ''] = process.argv.slice(2);
const accounts = await openAccounts({
  directory,
  keysDirectory: join(directory, 'keys'),
  clock: () => NOVEMBER,
});
await accounts.sessions.bind(FORUM, 'bound', account('a'), NOVEMBER);
const path = fileURLToPath(new URL('./orphan-child.ts', import.meta.url));
const child = fork(path, [], { serialization: 'advanced', stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
serveAccounts(accounts, childLink(child));

// A gateway worker as far as accounts go: a test calls its directories over a channel of its own.
import { connectAccounts } from '../../src/accounts/connect-accounts.ts';
import type { Millis } from '../../src/model/time.ts';
import { openPeer, parentLink, type Contract } from '../../src/platform/rpc.ts';
import { directoriesOf, DIRECTORY_CHANNEL, gone, NO_LIMITS, type DirectoryContract } from './directories.ts';
import { NOVEMBER } from './support.ts';

const link = parentLink();
let now = NOVEMBER;
const accounts = await connectAccounts(link, { clock: () => now });
const directories = directoriesOf(accounts, (next) => {
  now = next;
});
type Call<Name extends keyof DirectoryContract> = DirectoryContract[Name]['argument'];
openPeer<DirectoryContract, Contract>(link, {
  channel: DIRECTORY_CHANNEL,
  methods: {
    known: (call) => directories.known(...(call as Call<'known'>)),
    subjectOf: (call) => directories.subjectOf(...(call as Call<'subjectOf'>)),
    subjectsOf: (call) => directories.subjectsOf(...(call as Call<'subjectsOf'>)),
    find: (call) => directories.find(...(call as Call<'find'>)),
    load: (call) => directories.load(...(call as Call<'load'>)),
    bind: (call) => directories.bind(...(call as Call<'bind'>)),
    unbind: (call) => directories.unbind(...(call as Call<'unbind'>)),
    badge: (call) => directories.badge(...(call as Call<'badge'>)),
    publish: (call) => directories.publish(...(call as Call<'publish'>)),
    setNow: (call) => directories.setNow((call as readonly [Millis])[0]),
  },
  limits: NO_LIMITS,
  busy: gone,
  gone,
});
link.send('ready');

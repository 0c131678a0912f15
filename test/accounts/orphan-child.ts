// A worker that outlives its main process and then says what it still knows, as one line of JSON.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { connectAccounts } from '../../src/accounts/connect-accounts.ts';
import { ShudiError } from '../../src/model/errors.ts';
import { parentLink } from '../../src/platform/rpc.ts';
import { account, FORUM, NOVEMBER, region, V4 } from './support.ts';

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof ShudiError ? error.code : 'another error'),
  );
const say = (value: unknown): void => void writeSync(1, `${JSON.stringify(value)}\n`);

const A = account('a');
const link = parentLink();
const { subjects, sessions, badges } = await connectAccounts(link, { clock: () => NOVEMBER });
await Promise.all([
  sessions.load(FORUM, 'bound'),
  sessions.load(FORUM, 'free'),
  subjects.subjectOf(FORUM, A, NOVEMBER),
  badges.publish(FORUM, A, region('CN-GD'), V4, NOVEMBER),
]);
say([sessions.find(FORUM, 'bound')?.account, sessions.find(FORUM, 'free')]);
await once(process.stdin, 'data');
const work = [
  codeOf(sessions.bind(FORUM, 'free', A, NOVEMBER)),
  codeOf(subjects.subjectOf(FORUM, account('new'), NOVEMBER)),
  codeOf(badges.publish(FORUM, A, region('US'), V4, NOVEMBER)),
];
say('waiting');
const outstanding = await Promise.all(work);
const late = await Promise.all([
  codeOf(sessions.load(FORUM, 'bound')),
  codeOf(sessions.bind(FORUM, 'bound', account('b'), NOVEMBER)),
  codeOf(subjects.subjectOf(FORUM, account('newer'), NOVEMBER)),
]);
say({
  outstanding,
  late,
  found: ['bound', 'free'].map((cookie) => sessions.find(FORUM, cookie) === undefined),
  known: subjects.known(FORUM, A, NOVEMBER) !== null,
  badge: badges.get(FORUM, A)?.code,
});
process.exit(0);

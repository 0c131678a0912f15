// A process that uses the vault and says what was confirmed to it: `vault-child.ts DIRECTORY ROUND`.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openAccounts } from '../../src/accounts/open-accounts.ts';
import { account, FORUM, NOVEMBER, region, V4 } from './support.ts';

const [directory = '', round = ''] = process.argv.slice(2);
const accounts = await openAccounts({
  directory,
  keysDirectory: join(directory, 'keys'),
  clock: () => NOVEMBER,
});
for (let number = 0; ; number++) {
  const name = `${round}-${number}`;
  const code = `CN-${number % 10}`;
  const [subject] = await Promise.all([
    accounts.subjects.subjectOf(FORUM, account(name), NOVEMBER),
    accounts.sessions.bind(FORUM, `cookie-${name}`, account(name), NOVEMBER),
    accounts.badges.publish(FORUM, account(name), region(code), V4, NOVEMBER),
  ]);
  writeSync(1, `${name} ${subject} ${code}\n`);
}

/**
 * Makes a data directory whose vault knows the badges of the accounts `u0` to `u<COUNT - 1>` of the site `bench`,
 * written as the gateway itself writes them. `node seed-badges.ts DIRECTORY COUNT`
 */
import { openAccounts } from '../../src/accounts/open-accounts.ts';
import { dataLayout, prepareDataDirectory } from '../../src/app/data-directory.ts';
import type { AccountId, Site } from '../../src/model/accounts.ts';
import { parseAddress } from '../../src/model/address.ts';
import { systemClock } from '../../src/model/time.ts';
import { MAINLAND_PROVINCES } from '../../src/model/provinces.ts';

/** Waiting at once; the vault refuses more than 20,000. */
const AT_ONCE = 10_000;
const SITE = 'bench' as Site;

const directory = process.argv[2] ?? '';
const count = Number(process.argv[3]);
// Names of one length, so that all badges have the same.
const codes = MAINLAND_PROVINCES.filter(({ zh, en }) => zh.length === 2 && en.length === 7).map(
  ({ iso }) => `CN-${iso}`,
);
const address = parseAddress('113.108.81.189', 'bench');
const at = systemClock();

await prepareDataDirectory(directory);
const accounts = await openAccounts({ directory, keysDirectory: dataLayout(directory).keys });
for (let first = 0; first < count; first += AT_ONCE) {
  const some = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, index) => first + index);
  await Promise.all(
    some.map((number) => {
      const code = codes[number % codes.length] ?? 'CN-GD';
      const region = { code, source: 'bench', dataVersion: '1', reason: null };
      return accounts.badges.publish(SITE, `u${number}` as AccountId, region, address, at);
    }),
  );
}
await accounts.close();
process.stdout.write('done\n');

import { timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { subjectIndex } from '../accounts/account-index.ts';
import type { VaultKeys } from '../accounts/key-files.ts';
import { vaultFault } from '../accounts/vault-file.ts';
import { VAULT_VERSION } from '../accounts/vault-schema.ts';
import type { AccountId, Site, Subject } from '../model/accounts.ts';
import { ShudiError } from '../model/errors.ts';
import { monthsOf, type Millis } from '../model/time.ts';
import { openDatabase, requireVersion } from '../platform/sqlite.ts';

/**
 * The subjects of an account in the months that touch a period, from a vault that may be in use; for the disclosure
 * process. Writes nothing.
 * @throws ShudiError data.missing | data.damaged | data.version | key.wrong | vault.unavailable
 */
export function readAccountSubjects(
  path: string,
  keys: VaultKeys,
  site: Site,
  account: AccountId,
  from: Millis,
  to: Millis,
): Subject[] {
  if (!existsSync(path)) throw new ShudiError('data.missing', 'There is no vault here.', path);
  let database: ReturnType<typeof openDatabase> | null = null;
  try {
    database = openDatabase(path, { readOnly: true });
    requireVersion(database, VAULT_VERSION, path);
    const check = database.prepare("SELECT value FROM meta WHERE name = 'key-check'").get()?.['value'];
    // With another key the index would point nowhere, and "nothing found" would be a lie.
    if (
      !(check instanceof Uint8Array) ||
      check.length !== keys.check.length ||
      !timingSafeEqual(check, keys.check)
    ) {
      throw new ShudiError('key.wrong', 'The vault was made with another vault key.', path);
    }
    const find = database.prepare(
      'SELECT lower(hex(subject)) AS subject FROM subjects WHERE account_index = ?',
    );
    const subjects: Subject[] = [];
    for (const month of monthsOf(from, to)) {
      const row = find.get(Buffer.from(subjectIndex(keys.index, site, account, month), 'latin1'));
      if (row !== undefined) subjects.push(String(row['subject']) as Subject);
    }
    return subjects;
  } catch (error) {
    throw vaultFault(error, path);
  } finally {
    database?.close();
  }
}

import { join } from 'node:path';
import type { Visit } from '../../examples/nat/story.ts';
import { readVaultKeys } from '../../src/accounts/key-files.ts';
import { VAULT_FILE } from '../../src/accounts/vault-schema.ts';
import { readAccountSubjects } from '../../src/disclosure/account-subjects.ts';
import { openLocalRecords } from '../../src/disclosure/local-records.ts';
import type { AccountId, Site } from '../../src/model/accounts.ts';
import type { Millis } from '../../src/model/time.ts';
import { subjectsOf } from '../../src/trace/candidates.ts';
import { parseQuestion } from '../../src/trace/question.ts';
import { createTracer } from '../../src/trace/tracer.ts';

const KNOWN = [
  { site: 'forum', account: 'anna' },
  { site: 'forum', account: 'bert' },
  { site: 'isp', account: 'line-a@isp.example' },
  { site: 'isp', account: 'line-b@isp.example' },
] as const;

/** Whom a question about a visit's gateway-side endpoint names: of all accounts and subscribers of the story. */
export async function disclosedNames(
  data: string,
  { egress, at }: Visit,
): Promise<readonly { readonly site: string; readonly account: string }[]> {
  const records = openLocalRecords(data);
  const tracer = createTracer({ records, assumedClockErrorMs: 1000, isUnshared: () => false });
  const trace = await tracer.trace(parseQuestion({ egress: egress.address, port: `${egress.port}`, at }));
  await records.close();
  const named = new Set(trace.candidates.flatMap(subjectsOf));
  const keys = readVaultKeys(join(data, 'keys'));
  const now = Date.parse(at) as Millis;
  return KNOWN.filter(({ site, account }) =>
    readAccountSubjects(join(data, VAULT_FILE), keys, site as Site, account as AccountId, now, now).some(
      (subject) => named.has(subject),
    ),
  );
}

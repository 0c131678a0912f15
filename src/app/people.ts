import type { Site } from '../model/accounts.ts';
import { startJournal } from '../ledger/journal.ts';
import { bootstrapPeople as bootstrap, issueSiteToken as issueForSite } from '../disclosure/people.ts';
import { Register } from '../disclosure/register.ts';

/** Opens the register of a data directory for one action, beside a gateway that may be running. */
export async function withRegister<T>(
  directory: string,
  action: (register: Register) => Promise<T>,
): Promise<T> {
  const journal = await startJournal({ directory });
  try {
    const register = new Register({ journal });
    await register.refresh();
    return await action(register);
  } finally {
    await journal.close();
  }
}

export interface FirstPerson {
  readonly id: string;
  readonly name: string;
  /** Shown once; only its hash is kept. */
  readonly token: string;
}

export interface FirstPeople {
  readonly requester: FirstPerson;
  readonly approver: FirstPerson;
}

/** Enrols the first two people of an empty register. @throws ShudiError auth.bootstrapped | auth.person-invalid */
export function bootstrapPeople(
  directory: string,
  names: { readonly requester: string; readonly approver: string },
): Promise<FirstPeople> {
  return withRegister(directory, async (register) => {
    const { requester, approver } = await bootstrap(register, names);
    const plain = ({ person, token }: typeof requester): FirstPerson => ({
      id: person.id,
      name: person.name,
      token: token.secret,
    });
    return { requester: plain(requester), approver: plain(approver) };
  });
}

/** A new token for a site's events and badges; shown once. */
export function issueSiteToken(directory: string, site: string): Promise<string> {
  return withRegister(directory, async (register) => (await issueForSite(register, site as Site)).secret);
}

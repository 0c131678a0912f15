import { ShudiError } from '../../model/errors.ts';
import { confirmPerson, enrolStaff, proposePerson, removePerson } from '../../disclosure/people.ts';
import type { Role } from '../../disclosure/state.ts';
import type { Run, Surroundings } from '../command-line.ts';
import { requireDataDirectory } from '../data-directory.ts';
import { bootstrapPeople, withRegister } from '../people.ts';
import { argumentsOf, dataDirectoryOf, DATA_OPTIONS, needed } from './arguments.ts';

/** A person's token comes from the environment: a command line is seen by everybody on the machine. */
export function tokenOf(world: Surroundings): string {
  const token = world.environment['SHUDI_TOKEN'];
  if (token === undefined || token === '')
    throw new ShudiError(
      'usage.command',
      'Put your token into the environment variable SHUDI_TOKEN.',
      'SHUDI_TOKEN',
    );
  return token;
}

async function existingDirectory(
  values: Parameters<typeof dataDirectoryOf>[0],
  world: Surroundings,
): Promise<string> {
  const directory = await dataDirectoryOf(values, world);
  requireDataDirectory(directory);
  return directory;
}

export const userBootstrapCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, {
    ...DATA_OPTIONS,
    requester: { type: 'string' },
    approver: { type: 'string' },
  });
  const names = {
    requester: needed(values.requester, 'requester'),
    approver: needed(values.approver, 'approver'),
  };
  const people = await bootstrapPeople(await existingDirectory(values, world), names);
  world.write(`${JSON.stringify(people, null, 2)}\n`);
  return 0;
};

const ROLES: readonly string[] = ['requester', 'approver', 'supervisor', 'operator'];

export const userProposeCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, {
    ...DATA_OPTIONS,
    name: { type: 'string' },
    role: { type: 'string', multiple: true },
    'token-hash': { type: 'string' },
  });
  const name = needed(values.name, 'name');
  const roles = values.role ?? [];
  for (const role of roles)
    if (!ROLES.includes(role))
      throw new ShudiError('usage.command', `A role is one of ${ROLES.join(', ')}.`, '--role');
  const [only] = roles;
  const result = await withRegister(await existingDirectory(values, world), async (register) => {
    if (roles.length === 1 && (only === 'supervisor' || only === 'operator')) {
      if (values['token-hash'] !== undefined)
        throw new ShudiError('usage.command', 'Their token is made and printed here.', '--token-hash');
      const { person, token } = await enrolStaff(register, name, only);
      return { person: person.id, name, roles, token: token.secret };
    }
    const caller = await register.authenticate(tokenOf(world));
    const proposal = await proposePerson(register, caller.token.id, {
      name,
      roles: roles as Role[],
      tokenHash: needed(values['token-hash'], 'token-hash'),
    });
    return { proposal: proposal.id, name, roles };
  });
  world.write(`${JSON.stringify(result, null, 2)}\n`);
  return 0;
};

export const userConfirmCommand: Run = async (args, world) => {
  const { values, positionals } = argumentsOf(args, DATA_OPTIONS, { min: 1, max: 1 });
  const person = await withRegister(await existingDirectory(values, world), async (register) => {
    const caller = await register.authenticate(tokenOf(world));
    return confirmPerson(register, caller.token.id, positionals[0] ?? '');
  });
  world.write(`${JSON.stringify({ person: person.id, name: person.name, roles: person.roles }, null, 2)}\n`);
  return 0;
};

export const userRemoveCommand: Run = async (args, world) => {
  const { values, positionals } = argumentsOf(args, DATA_OPTIONS, { min: 1, max: 1 });
  await withRegister(await existingDirectory(values, world), (register) =>
    removePerson(register, positionals[0] ?? ''),
  );
  world.write('removed\n');
  return 0;
};

export const userListCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, DATA_OPTIONS);
  const people = await withRegister(await existingDirectory(values, world), async (register) => [
    ...register.state.people.values(),
  ]);
  world.write(
    `${JSON.stringify(
      people.map(({ id, name, roles, removedAt }) => ({ id, name, roles, removed: removedAt !== null })),
      null,
      2,
    )}\n`,
  );
  return 0;
};

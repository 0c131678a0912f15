import { ShudiError } from '../../model/errors.ts';
import { issueToken, revokeToken } from '../../disclosure/people.ts';
import { newToken } from '../../disclosure/tokens.ts';
import type { Run } from '../command-line.ts';
import { requireDataDirectory } from '../data-directory.ts';
import { issueSiteToken, withRegister } from '../people.ts';
import { argumentsOf, dataDirectoryOf, DATA_OPTIONS, needed } from './arguments.ts';
import { tokenOf } from './user.ts';

export const tokenNewCommand: Run = async (args, world) => {
  argumentsOf(args, {});
  const { secret, hash } = newToken('person');
  world.write(`${JSON.stringify({ token: secret, hash })}\n`);
  return 0;
};

export const tokenIssueCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, DATA_OPTIONS);
  const directory = await dataDirectoryOf(values, world);
  requireDataDirectory(directory);
  const token = await withRegister(directory, async (register) => {
    const caller = await register.authenticate(tokenOf(world));
    if (caller.kind !== 'person')
      throw new ShudiError('usage.command', "This is a site's token.", 'SHUDI_TOKEN');
    return issueToken(register, { token: caller.token.id }, caller.person.id);
  });
  world.write(`${JSON.stringify({ id: token.id, token: token.secret })}\n`);
  return 0;
};

export const siteTokenCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, { ...DATA_OPTIONS, site: { type: 'string' } });
  const site = needed(values.site, 'site');
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(site))
    throw new ShudiError('usage.command', 'This is not the name of a site.', '--site');
  const directory = await dataDirectoryOf(values, world);
  requireDataDirectory(directory);
  world.write(`${JSON.stringify({ site, token: await issueSiteToken(directory, site) })}\n`);
  return 0;
};

export const tokenRevokeCommand: Run = async (args, world) => {
  const { values, positionals } = argumentsOf(args, DATA_OPTIONS, { min: 1, max: 1 });
  const directory = await dataDirectoryOf(values, world);
  requireDataDirectory(directory);
  await withRegister(directory, (register) => revokeToken(register, 'machine', positionals[0] ?? ''));
  world.write('revoked\n');
  return 0;
};

import { ShudiError } from '../../model/errors.ts';
import { issueToken, revokeToken } from '../../disclosure/people.ts';
import { newToken } from '../../disclosure/tokens.ts';
import type { Command } from '../command-line.ts';
import { requireDataDirectory } from '../data-directory.ts';
import { issueSiteToken, withRegister } from '../people.ts';
import { argumentsOf, dataDirectoryOf, DATA_OPTIONS, needed } from './arguments.ts';
import { tokenOf } from './user.ts';

export const tokenNewCommand: Command = {
  usage: '',
  does: 'Makes a token for yourself: keep it, and give its hash to the person who proposes you. Stores nothing.',
  async run(args, world) {
    argumentsOf(args, {});
    const { secret, hash } = newToken('person');
    world.write(`${JSON.stringify({ token: secret, hash })}\n`);
    return 0;
  },
};

export const tokenIssueCommand: Command = {
  usage: '--data DIR',
  does: 'Issues a further token to yourself (your token in SHUDI_TOKEN).',
  async run(args, world) {
    const { values } = argumentsOf(args, DATA_OPTIONS);
    const directory = dataDirectoryOf(values, world);
    requireDataDirectory(directory);
    const token = await withRegister(directory, async (register) => {
      const caller = await register.authenticate(tokenOf(world));
      if (caller.kind !== 'person')
        throw new ShudiError('usage.command', "This is a site's token.", 'SHUDI_TOKEN');
      return issueToken(register, { token: caller.token.id }, caller.person.id);
    });
    world.write(`${JSON.stringify({ id: token.id, token: token.secret })}\n`);
    return 0;
  },
};

export const siteTokenCommand: Command = {
  usage: '--site NAME --data DIR',
  does: 'Issues a token with which a site reports events and reads badges.',
  async run(args, world) {
    const { values } = argumentsOf(args, { ...DATA_OPTIONS, site: { type: 'string' } });
    const site = needed(values.site, 'site');
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(site))
      throw new ShudiError('usage.command', 'This is not the name of a site.', '--site');
    const directory = dataDirectoryOf(values, world);
    requireDataDirectory(directory);
    world.write(`${JSON.stringify({ site, token: await issueSiteToken(directory, site) })}\n`);
    return 0;
  },
};

export const tokenRevokeCommand: Command = {
  usage: 'TOKEN-ID --data DIR',
  does: 'Revokes a token.',
  async run(args, world) {
    const { values, positionals } = argumentsOf(args, DATA_OPTIONS, { min: 1, max: 1 });
    const directory = dataDirectoryOf(values, world);
    requireDataDirectory(directory);
    await withRegister(directory, (register) => revokeToken(register, 'machine', positionals[0] ?? ''));
    world.write('revoked\n');
    return 0;
  },
};

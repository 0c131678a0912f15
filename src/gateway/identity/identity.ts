import type { SessionDirectory, Site } from '../../model/accounts.ts';
import type { Clock } from '../../model/time.ts';
import type { IdentityOptions } from '../options.ts';
import type { Identity } from './believed.ts';
import { introspectIdentity } from './introspect.ts';
import { jwtIdentity } from './jwt.ts';
import { sessionIdentity } from './session.ts';

export type { Believed, Credentials, Identified, Identity } from './believed.ts';

const NOBODY: Identity = { identify: () => null, forget: () => null, forgetTag() {} };

/**
 * What tells a route's accounts.
 * @throws ShudiError config.invalid  when its keys or its address cannot be used
 */
export function createIdentity(
  site: Site,
  options: IdentityOptions,
  sessions: SessionDirectory,
  clock: Clock,
): Identity {
  switch (options.mode) {
    case 'none':
      return NOBODY;
    case 'header':
      return sessionIdentity(site, options, sessions);
    case 'jwt':
      return jwtIdentity(options, clock);
    case 'introspect':
      return introspectIdentity(site, options, sessions, clock);
  }
}

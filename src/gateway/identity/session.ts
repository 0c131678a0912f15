import type { BoundSession, SessionDirectory, Site } from '../../model/accounts.ts';
import type { HeaderOptions } from '../options.ts';
import type { Identified, Identity } from './believed.ts';
import { cookieValue } from './cookies.ts';

/** The account that a response's header once bound to the request's session cookie. */
export function sessionIdentity(site: Site, options: HeaderOptions, sessions: SessionDirectory): Identity {
  return {
    identify({ cookie: header }) {
      const cookie = cookieValue(header, options.cookie);
      if (cookie === null) return null;
      const known = sessions.find(site, cookie);
      return known === undefined ? sessions.load(site, cookie).then(believed) : believed(known);
    },
    // The directory is told by `bind` and `unbind`, and nothing is kept here.
    forget: () => null,
    forgetTag() {},
  };
}

function believed(session: BoundSession | null): Identified {
  return session === null ? null : { account: session.account, since: session.since, learned: 'session' };
}

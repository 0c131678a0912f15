import type { Needs } from '../types.ts';

/** What most loads need. */
export const ORDINARY: Needs = { clients: 'direct', knownAccounts: 0, connections: 8192 };

import type { Load } from '../types.ts';
import { badge } from './badge.ts';
import { claimedClients, knownClients } from './claimed-clients.ts';
import { halfLoad } from './half-load.ts';
import { idle } from './idle.ts';
import { keepAlive } from './keep-alive.ts';
import { logins } from './logins.ts';
import { newConnection } from './new-connection.ts';
import { transfer } from './transfer.ts';
import { tunnel } from './tunnel.ts';

/** In the order in which a round takes them. */
export const LOADS: readonly Load[] = [
  keepAlive,
  newConnection,
  logins,
  claimedClients,
  knownClients,
  badge,
  halfLoad,
  tunnel,
  transfer,
  idle,
];

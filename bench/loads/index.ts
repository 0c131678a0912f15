import type { Load } from '../types.ts';
import { badge } from './badge.ts';
import { claimedClients } from './claimed-clients.ts';
import { keepAlive } from './keep-alive.ts';
import { logins } from './logins.ts';
import { newConnection } from './new-connection.ts';

export const LOADS: readonly Load[] = [keepAlive, newConnection, logins, claimedClients, badge];

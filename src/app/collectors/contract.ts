import type { AddressInfo } from 'node:net';
import type { CollectorsSettings } from '../../collectors/settings.ts';
import type { CollectorsStatus } from '../../collectors/status.ts';

/** The name of the channel between main and the collectors; the accounts have another one on the same link. */
export const COLLECTORS_CHANNEL = 'collectors';

export interface CollectorsStart {
  readonly settings: CollectorsSettings;
  readonly recorderSocket: string;
}

/** What main asks of the collectors' process. */
export type CollectorsContract = {
  /** Opens all of it; answers where it listens, in the order of the settings. */
  readonly start: { readonly argument: CollectorsStart; readonly result: readonly AddressInfo[] };
  readonly status: { readonly argument: null; readonly result: CollectorsStatus };
  /** Reads no more, stores what was read. */
  readonly stop: { readonly argument: null; readonly result: null };
};

/** What it tells main. */
export type MainContract = {
  readonly log: { readonly argument: readonly [event: string, source: string]; readonly result: null };
};

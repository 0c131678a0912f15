import type { AddressInfo } from 'node:net';
import type { GatewayCounts } from '../../gateway/gateway.ts';
import type { GatewayOptions } from '../../gateway/options.ts';
import type { LogFields } from '../../platform/log.ts';

/** The name of the channel between main and a worker; the accounts have another one on the same link. */
export const GATEWAY_CHANNEL = 'gateway';

export interface WorkerStart {
  readonly gateway: GatewayOptions;
  readonly recorderSocket: string;
  readonly regions: {
    readonly file: string;
    readonly overrides: readonly { readonly cidr: string; readonly region: string }[];
  };
  readonly clockErrorMs: number | null;
}

export interface WorkerStatus {
  readonly counts: GatewayCounts;
  /** Refusals since the worker's start, by kind. */
  readonly refusals: { readonly [kind: string]: number };
  readonly recording: boolean;
}

export type ListenerAddresses = readonly { readonly name: string; readonly address: AddressInfo }[];

/** What main asks of a worker. */
export type WorkerContract = {
  /** Opens the gateway. */
  readonly start: { readonly argument: WorkerStart; readonly result: ListenerAddresses };
  /** Takes over another configuration, whole or not at all. */
  readonly reload: { readonly argument: GatewayOptions; readonly result: ListenerAddresses };
  readonly clock: { readonly argument: number | null; readonly result: null };
  readonly status: { readonly argument: null; readonly result: WorkerStatus };
  /** Drains and ends every record. */
  readonly stop: { readonly argument: null; readonly result: null };
};

/** What a worker tells main. */
export type MainContract = {
  readonly log: {
    readonly argument: readonly ['info' | 'warn' | 'error', string, LogFields];
    readonly result: null;
  };
};

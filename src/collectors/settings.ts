import type { Site } from '../model/accounts.ts';
import type { Dialect } from './ipfix/dialects.ts';

/** A device or program that tells: as the configuration names it. Addresses are texts, checked already. */
interface Common {
  /** It stands in each record. */
  readonly name: string;
  /** Addresses and CIDRs that it sends from. */
  readonly from: readonly string[];
  /** The address space of its insides; '' where there is only one. */
  readonly realm: string;
  /** After so long without anything it counts as silent, ms; null: never. */
  readonly silentAfterMs: number | null;
}

export type SourceSettings = Common &
  (
    | { readonly protocol: 'ipfix'; readonly dialect: Dialect | null }
    | { readonly protocol: 'syslog'; readonly vendor: string | null; readonly zoneMinutes: number }
    | { readonly protocol: 'radius'; readonly secret: string; readonly site: Site }
    | {
        readonly protocol: 'conntrack';
        readonly format: 'conntrack' | 'ulogd';
        /** `run`: the command `conntrack` is started here. */
        readonly input: 'run' | 'pipe' | 'file';
        readonly path: string;
        /** Of `run`: the network namespace of the NAT; null for this process's own. */
        readonly namespace: string | null;
      }
  );

export interface ListenerSettings {
  readonly protocol: 'ipfix' | 'syslog' | 'radius';
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  readonly port: number;
  readonly receiveBufferBytes: number;
  /** Of a `tls` listener, PEM; `clientCa` null: clients show no certificate. */
  readonly tls: { readonly cert: string; readonly key: string; readonly clientCa: string | null } | null;
}

export interface CollectorsSettings {
  readonly sources: readonly SourceSettings[];
  readonly listeners: readonly ListenerSettings[];
  /** Addresses and CIDRs of the operator's own services: only towards these a remote is kept (R5). */
  readonly own: readonly string[];
}

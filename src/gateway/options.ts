import type { BadgeDirectory, SessionDirectory, Site, SubjectDirectory } from '../model/accounts.ts';
import type { RecordWriter } from '../model/records.ts';
import type { RegionLookup } from '../model/region.ts';
import type { Clock } from '../model/time.ts';
import type { Log } from '../platform/log.ts';
import type { TrustOptions } from './client-address.ts';
import type { UpstreamTarget, UpstreamTimeouts } from './upstream/upstream-connection.ts';

export interface ListenerOptions extends TrustOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface JwtOptions {
  readonly mode: 'jwt';
  /** The keys: a file, or an http(s) address of the site's. */
  readonly jwks: string;
  readonly issuer: string | null;
  readonly audience: string | null;
  /** The claim that names the account. */
  readonly claim: string;
  /** Where the token is: a cookie of this name, or else the Authorization header. */
  readonly cookie: string | null;
  readonly onInvalid: 'anonymous' | 'refuse';
}

export interface HeaderOptions {
  readonly mode: 'header';
  /** The name of the site's session cookie. */
  readonly cookie: string;
}

export type IdentityOptions = JwtOptions | HeaderOptions | { readonly mode: 'none' };

export interface RouteOptions {
  readonly site: Site;
  /** Lower case, without a port; null for every host. */
  readonly host: string | null;
  readonly path: string;
  readonly upstream: UpstreamTarget;
  readonly identity: IdentityOptions;
  /** Which acts set an account's badge. */
  readonly badgeBasis: 'publication' | 'login' | 'any';
  readonly language: 'zh' | 'en';
}

export interface GatewayLimits {
  readonly headerBytes: number;
  readonly responseHeaderBytes: number;
  readonly connections: number;
  /** Claimed clients behind trusted proxies that are kept in mind at once. */
  readonly claimedClients: number;
  readonly claimedIdleMs: number;
}

export interface GatewayTimeouts extends UpstreamTimeouts {
  readonly requestHeadMs: number;
  readonly requestMs: number;
  readonly keepAliveMs: number;
}

export interface GatewayOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly routes: readonly RouteOptions[];
  /** The path under which the gateway's own routes lie, such as `/.shudi`. */
  readonly prefix: string;
  readonly limits: GatewayLimits;
  readonly timeouts: GatewayTimeouts;
}

/** What the gateway works with; made by the composition (src/app). */
export interface GatewayParts {
  readonly records: RecordWriter;
  readonly subjects: SubjectDirectory;
  readonly sessions: SessionDirectory;
  readonly badges: BadgeDirectory;
  readonly regions: RegionLookup;
  readonly clock: Clock;
  /** The gateway's own clock error in ms, null when it is not measured (R4). */
  readonly clockErrorMs: () => number | null;
  readonly log: Log;
}

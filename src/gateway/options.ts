import type { BadgeDirectory, SessionDirectory, Site, SubjectDirectory } from '../model/accounts.ts';
import type { RecordWriter } from '../model/records.ts';
import type { RegionLookup } from '../model/region.ts';
import type { Clock } from '../model/time.ts';
import type { Log } from '../platform/log.ts';
import type { TrustOptions } from './client/client-address.ts';
import type { UpstreamTarget } from './upstream/upstream-connection.ts';

/** A certificate chain with its key, PEM files; the names come from the certificate. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface TlsOptions {
  /** The first one answers a client that names no host or an unknown one. */
  readonly certificates: readonly CertificateFiles[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** PROXY protocol (v1 and v2), mandatory on the listener that has it. */
export interface ProxyProtocolOptions {
  /** CIDRs of the peers that may connect at all. */
  readonly from: readonly string[];
  /** The longest header accepted, bytes (version 2 may carry TLVs). */
  readonly headerBytes: number;
  readonly timeoutMs: number;
}

export interface ListenerOptions extends TrustOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions | null;
  readonly proxyProtocol: ProxyProtocolOptions | null;
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

/** The site's own endpoint is asked whose the cookie is. */
export interface IntrospectOptions {
  readonly mode: 'introspect';
  /** Asked with GET and this one cookie; 200 with `{"account": "…"}`, or 204, 401 or 403 for nobody. */
  readonly url: string;
  readonly cookie: string;
  /** How long an answer is believed. */
  readonly cacheMs: number;
  readonly timeoutMs: number;
  /** Questions under way at once; one more is a failure. */
  readonly concurrency: number;
  /** What becomes of a request when the endpoint does not answer. */
  readonly onFailure: 'anonymous' | 'refuse';
}

export type IdentityOptions = JwtOptions | HeaderOptions | IntrospectOptions | { readonly mode: 'none' };

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
  /** `dedicated`: an upstream connection belongs to one client connection (R3). `pooled`: it serves all clients. */
  readonly egress: 'dedicated' | 'pooled';
  /** The longest request body, bytes, counted as it comes. */
  readonly bodyBytes: number;
  /** Upgrade tokens that are passed on, in lower case; any other is ignored. */
  readonly upgrades: readonly string[];
  /** Whether a header name with an underscore is refused: CGI-like services take it for a dash. */
  readonly refuseUnderscores: boolean;
}

/** So many at once, then so many more a minute. */
export interface RateOptions {
  readonly burst: number;
  readonly perMinute: number;
}

export interface GatewayLimits {
  /** A request's head or trailers, bytes, and header lines in it. */
  readonly headerBytes: number;
  readonly headerCount: number;
  readonly targetBytes: number;
  readonly responseHeaderBytes: number;
  /** Client connections of one listener at once (in each worker), and of one client (an IPv6 /64 is one). */
  readonly connections: number;
  readonly connectionsPerClient: number;
  /** Null: no limit. */
  readonly requestsPerClient: RateOptions | null;
  readonly requestsPerAccount: RateOptions | null;
  /** Records that one client may cause one by one; beyond it they are aggregated and counted (R11). */
  readonly recordsPerClient: RateOptions | null;
  /** Claimed clients behind trusted proxies that are kept in mind at once. */
  readonly claimedClients: number;
  readonly claimedIdleMs: number;
  /** Idle connections kept to one pooled upstream. */
  readonly pooledConnections: number;
}

/** Milliseconds. */
export interface GatewayTimeouts {
  /** From the first byte (of a connection: from its beginning) to the whole head. */
  readonly requestHeadMs: number;
  /** Between two pieces of a request body, and for a whole request. */
  readonly bodyIdleMs: number;
  readonly requestMs: number;
  /** A client that takes nothing of its answer. */
  readonly sendIdleMs: number;
  readonly keepAliveMs: number;
  /** A tunnel (WebSocket) without a byte either way. */
  readonly tunnelIdleMs: number;
  readonly connectMs: number;
  readonly headMs: number;
  readonly idleMs: number;
  /** An upstream connection that waits for its client's next request. */
  readonly upstreamKeepAliveMs: number;
  /** Requests and tunnels under way when the gateway stops. */
  readonly drainMs: number;
}

export interface GatewayOptions {
  readonly listeners: readonly ListenerOptions[];
  readonly routes: readonly RouteOptions[];
  /** The path under which the gateway's own routes lie, such as `/.shudi`. */
  readonly prefix: string;
  readonly limits: GatewayLimits;
  readonly timeouts: GatewayTimeouts;
  /** Several workers listen on each port; the kernel spreads the connections. */
  readonly reusePort: boolean;
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

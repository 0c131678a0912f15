import type { Site } from '../model/accounts.ts';
import { durationMillis } from '../model/time.ts';
import type {
  GatewayOptions,
  GatewayTimeouts,
  ListenerOptions,
  RateOptions,
  RouteOptions,
} from '../gateway/options.ts';
import type { ConfigFile, Path } from './config-file.ts';
import { identityOf } from './config-identity.ts';
import type { RawConfig } from './config-schema.ts';

type RawGateway = RawConfig['gateway'];
type Absolute = (path: string) => string;

const MAX_TIMEOUT_MS = 7 * 86_400_000;
/** Protocols that carry requests of their own: what passes inside an upgrade is not seen. */
const REQUESTS_INSIDE = /^(?:h2c?|http(?:\/.*)?)$/;

/**
 * The gateway's options.
 * @param at  makes a path absolute
 * @param reusePort  several workers listen on each port
 * @throws ShudiError config.invalid naming file, line and key
 */
export function gatewayOf(file: ConfigFile, at: Absolute, reusePort: boolean): GatewayOptions {
  const { gateway } = file.raw;
  const { limits } = gateway;
  return {
    prefix: gateway.prefix,
    listeners: gateway.listeners.map((item, index) => listenerOf(file, item, index, at)),
    routes: gateway.routes.map((route, index) => routeOf(file, route, index, at)),
    limits: {
      headerBytes: limits.headerBytes,
      headerCount: limits.headerCount,
      targetBytes: limits.targetBytes,
      responseHeaderBytes: limits.responseHeaderBytes,
      connections: limits.connections,
      connectionsPerClient: limits.connectionsPerClient,
      requestsPerClient: rateOf(limits.requestsPerClient),
      requestsPerAccount: rateOf(limits.requestsPerAccount),
      recordsPerClient: rateOf(limits.recordsPerClient),
      claimedClients: limits.claimedClients,
      claimedIdleMs: timeout(file, limits.claimedIdle, ['gateway', 'limits', 'claimedIdle']),
      pooledConnections: limits.pooledConnections,
    },
    timeouts: timeoutsOf(file, gateway.timeouts),
    reusePort,
  };
}

/**
 * A time limit in ms. 0 would cut off everything, and a timer of the runtime that is set for more than 24 days goes off
 * at once.
 */
export function timeout(file: ConfigFile, text: string, path: Path): number {
  const millis = durationMillis(text) ?? 0;
  if (millis < 1 || millis > MAX_TIMEOUT_MS) throw file.fault(path, 'must be from 1ms to 7d');
  return millis;
}

const rateOf = (rate: RateOptions | 'off'): RateOptions | null => (rate === 'off' ? null : rate);

function timeoutsOf(file: ConfigFile, raw: RawGateway['timeouts']): GatewayTimeouts {
  const of = (key: keyof RawGateway['timeouts']): number =>
    timeout(file, raw[key], ['gateway', 'timeouts', key]);
  return {
    requestHeadMs: of('requestHead'),
    bodyIdleMs: of('bodyIdle'),
    requestMs: of('request'),
    sendIdleMs: of('sendIdle'),
    keepAliveMs: of('keepAlive'),
    tunnelIdleMs: of('tunnelIdle'),
    connectMs: of('upstreamConnect'),
    headMs: of('upstreamHead'),
    idleMs: of('upstreamIdle'),
    upstreamKeepAliveMs: of('upstreamKeepAlive'),
    drainMs: of('drain'),
  };
}

function listenerOf(
  file: ConfigFile,
  raw: RawGateway['listeners'][number],
  index: number,
  at: Absolute,
): ListenerOptions {
  const path = ['gateway', 'listeners', index];
  const { tls, proxyProtocol } = raw;
  if (proxyProtocol !== undefined && raw.trustedProxies.length > 0)
    throw file.fault(
      [...path, 'trustedProxies'],
      'has no place beside proxyProtocol: one of the two says who the client is',
    );
  return {
    name: raw.name,
    host: raw.host,
    port: raw.port,
    tls:
      tls === undefined
        ? null
        : {
            certificates: tls.certificates.map(({ cert, key }) => ({ cert: at(cert), key: at(key) })),
            minVersion: tls.minVersion,
          },
    proxyProtocol:
      proxyProtocol === undefined
        ? null
        : {
            from: proxyProtocol.from,
            headerBytes: proxyProtocol.headerBytes,
            timeoutMs: timeout(file, proxyProtocol.timeout, [...path, 'proxyProtocol', 'timeout']),
          },
    trustedProxies: raw.trustedProxies,
    forwardedHeader: raw.forwardedHeader,
    clientPortHeader: raw.clientPortHeader ?? null,
  };
}

function routeOf(
  file: ConfigFile,
  raw: RawGateway['routes'][number],
  index: number,
  at: Absolute,
): RouteOptions {
  const path = ['gateway', 'routes', index];
  const url = URL.parse(raw.upstream);
  const site = file.raw.sites.find(({ name }) => name === raw.site);
  if (url === null || site === undefined) throw file.fault([...path, 'upstream'], 'is not an http address');
  raw.upgrades.forEach((token, item) => {
    if (REQUESTS_INSIDE.test(token))
      throw file.fault([...path, 'upgrades', item], 'is refused: requests inside it would pass unseen');
  });
  return {
    site: raw.site as Site,
    host: raw.host ?? null,
    path: raw.path,
    upstream: { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port === '' ? 80 : url.port) },
    identity: identityOf(file, raw.identity, [...path, 'identity'], at),
    badgeBasis: site.badgeBasis,
    language: site.language,
    egress: raw.egress,
    bodyBytes: raw.bodyBytes,
    upgrades: raw.upgrades,
    refuseUnderscores: raw.refuseUnderscores,
  };
}

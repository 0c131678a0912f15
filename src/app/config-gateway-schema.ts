import { Type } from 'typebox';
import { identitySchema } from './config-identity-schema.ts';
import { duration, headBytes, name, rate, section, strict, whole } from './schema-parts.ts';

/** Under `gateway`: the data plane. docs/gateway.md shows it in use. */

const cidr = Type.String({ description: 'An address or CIDR.' });
const file = (description: string) => Type.String({ minLength: 1, maxLength: 4096, description });

const tls = Type.Object(
  {
    certificates: Type.Array(
      Type.Object(
        {
          cert: file('The certificate with its chain, PEM.'),
          key: file('Its private key, PEM, not encrypted; only its owner may read the file.'),
        },
        { ...strict, description: 'A certificate. Its names are those inside it.' },
      ),
      {
        minItems: 1,
        maxItems: 1000,
        description:
          'Chosen by the name that the client asks for (SNI). The first one answers a client that names no host, or an unknown one.',
      },
    ),
    minVersion: Type.Enum(['TLSv1.2', 'TLSv1.3'], {
      default: 'TLSv1.2',
      description: 'The oldest version that is spoken.',
    }),
  },
  { ...strict, description: 'TLS on this port; without this section it speaks plain HTTP.' },
);

const proxyProtocol = Type.Object(
  {
    from: Type.Array(cidr, {
      minItems: 1,
      maxItems: 1000,
      description:
        'The load balancers that may connect; anybody else is cut off. They say who the client is, so name your own only.',
    }),
    headerBytes: whole(
      108,
      65_551,
      536,
      'The longest header accepted, bytes; version 2 may carry extra fields, which are skipped.',
    ),
    timeout: duration('5s', 'For the header to arrive.'),
  },
  {
    ...strict,
    description:
      'Each connection begins with a PROXY protocol header (version 1 or 2) that names the client; one without it is cut off. Not together with `trustedProxies`.',
  },
);

const listener = Type.Object(
  {
    name: name('Stands in each record, so keep it.'),
    host: Type.String({
      default: '0.0.0.0',
      description: 'The address to listen on; `::` listens on IPv4 and IPv6.',
    }),
    port: Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description: 'The port to listen on; 0 takes a free one.',
    }),
    tls: Type.Optional(tls),
    proxyProtocol: Type.Optional(proxyProtocol),
    trustedProxies: Type.Array(cidr, {
      default: [],
      maxItems: 1000,
      description:
        'Proxies that may say who their client is. Everybody else is taken for the client. Name your own proxies only: whoever is listed here can put words in the record.',
    }),
    forwardedHeader: Type.String({
      pattern: '^[a-z0-9-]{1,64}$',
      default: 'x-forwarded-for',
      description:
        "The one header that these proxies use, in lower case: `forwarded` (RFC 7239), `x-forwarded-for`, or a vendor's. It is walked from the right to the first untrusted hop.",
    }),
    clientPortHeader: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9-]{1,64}$',
        description:
          "A header of theirs with the client's port, in lower case. Without a port an answer can never be exact.",
      }),
    ),
  },
  { ...strict, description: 'A public port.' },
);

const route = Type.Object(
  {
    site: name('A name from `sites`.'),
    host: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9.-]{1,253}$',
        description: 'Only for this host name, lower case, without a port.',
      }),
    ),
    path: Type.String({
      pattern: '^/[\\x21-\\x7e]{0,255}$',
      default: '/',
      description: 'Only for targets under this path; the longest wins.',
    }),
    upstream: Type.String({
      pattern: '^http://[^/?#@]+/?$',
      description: 'The web service, as `http://host:port`.',
    }),
    egress: Type.Enum(['dedicated', 'pooled'], {
      default: 'dedicated',
      description:
        '`dedicated`: a connection to the web service serves one client only, so its address and port there stand for that client. `pooled`: connections are shared, which saves some; then only the request id tells whose request it was.',
    }),
    bodyBytes: whole(
      0,
      2 ** 40,
      104_857_600,
      'The longest request body, bytes, counted as it comes (100 MiB); more is 413. 0 takes none.',
    ),
    upgrades: Type.Array(
      Type.String({
        pattern: "^[!#$%&'*+.^_`|~0-9a-z-]{1,64}(/[!#$%&'*+.^_`|~0-9a-z-]{1,64})?$",
        description: 'A token of the Upgrade header, in lower case.',
      }),
      {
        default: ['websocket'],
        maxItems: 16,
        description:
          'Protocols that a request may change to (the Upgrade header), in lower case; any other is ignored and the request goes on as plain HTTP. `h2c` and `http/…` are refused: requests inside them would pass unseen.',
      },
    ),
    refuseUnderscores: Type.Boolean({
      default: false,
      description:
        'Refuse a request with an underscore in a header name (400). CGI, PHP and WSGI take `X_Name` for `X-Name`, so set it for such a service.',
    }),
    identity: identitySchema,
  },
  { ...strict, description: 'Which requests go where.' },
);

const limits = section(
  {
    headerBytes: headBytes(16_384, 'The longest head of a request, or its trailers, bytes; more is 431.'),
    headerCount: whole(1, 10_000, 100, 'Header lines of a request; more is 431.'),
    targetBytes: whole(64, 1_048_576, 8192, 'The longest target (path and query), bytes; more is 414.'),
    responseHeaderBytes: headBytes(
      65_536,
      "The longest head of a web service's response, bytes; more is 502.",
    ),
    connections: whole(
      1,
      1_000_000,
      50_000,
      'Client connections of one listener at once; each worker counts for itself. More are closed at once.',
    ),
    connectionsPerClient: whole(
      1,
      1_000_000,
      1000,
      'Connections of one client at once (an IPv4 address, an IPv6 /64); each worker counts for itself. More are closed at once. Many people share an address behind carrier NAT, so do not set it low.',
    ),
    requestsPerClient: rate(
      5000,
      60_000,
      'Requests of one client (an IPv4 address, an IPv6 /64): `{burst, perMinute}` or `off`; more is 429. Many people share an address behind carrier NAT, so do not set it low.',
    ),
    requestsPerAccount: rate(
      1000,
      6000,
      'Requests of one account, where the gateway knows it: `{burst, perMinute}` or `off`; more is 429.',
    ),
    recordsPerClient: rate(
      20_000,
      6000,
      'Records that one client (an IPv4 address, an IPv6 /64) may cause one by one: `{burst, perMinute}` or `off`. Beyond it its connections are recorded together and counted, so that nobody fills the disk, an answer about them is never exact, and requests with unsafe methods are 429. Many people share an address behind carrier NAT, so do not set it low.',
    ),
    claimedClients: whole(
      1000,
      10_000_000,
      200_000,
      'Clients behind trusted proxies kept in mind at once; one more costs one more record.',
    ),
    claimedIdle: duration('5m', 'A client behind a trusted proxy that is silent for this long has ended.'),
    pooledConnections: whole(
      0,
      100_000,
      256,
      'Idle connections kept to one web service where `egress` is `pooled`; each worker counts for itself.',
    ),
  },
  'Bounds.',
);

const timeouts = section(
  {
    requestHead: duration('20s', "For a request's head to arrive; later is 408."),
    bodyIdle: duration('30s', 'Between two pieces of a request body; later is 408.'),
    request: duration('10m', 'For a whole request to arrive; later is 408.'),
    sendIdle: duration('60s', 'A client that takes nothing of its answer is cut off.'),
    keepAlive: duration('65s', 'An idle client connection is closed.'),
    tunnelIdle: duration('1h', 'A tunnel (WebSocket) without a byte either way is closed.'),
    drain: duration(
      '30s',
      'For requests and tunnels under way when the gateway stops; then they are cut off.',
    ),
    upstreamConnect: duration('5s', 'To connect to a web service; later is 504.'),
    upstreamHead: duration('60s', 'For the head of its response; later is 504.'),
    upstreamIdle: duration('60s', 'Between pieces of its response; later the response is cut off.'),
    upstreamKeepAlive: duration(
      '4s',
      "An idle connection to a web service is closed. Keep it below the service's own limit: many have 5 s.",
    ),
  },
  'Time limits, 1ms to 7d each.',
);

export const gatewaySchema = Type.Object(
  {
    prefix: Type.String({
      pattern: '^/[A-Za-z0-9._~-]{1,63}$',
      default: '/.shudi',
      description: "Where the gateway's own routes lie (badges, health).",
    }),
    workers: Type.Union([Type.Integer({ minimum: 1, maximum: 32 }), Type.Literal('auto')], {
      default: 1,
      description:
        'How many processors serve clients; the kernel spreads the connections. `auto`: as many as the machine has, at most 32.',
    }),
    listeners: Type.Array(listener, { minItems: 1, maxItems: 64, description: 'Public ports.' }),
    routes: Type.Array(route, {
      minItems: 1,
      maxItems: 10_000,
      description: 'Exact hosts come before every host, longer paths before shorter ones.',
    }),
    limits,
    timeouts,
  },
  { ...strict, description: 'The data plane.' },
);

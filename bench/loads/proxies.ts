/** The targets of every load that is about proxying. */
export const PROXIES: readonly string[] = [
  'direct',
  'shudi',
  'fastify-http-proxy',
  'http-proxy',
  'nginx',
  'haproxy',
  'caddy',
];

import { nodePackageTarget } from './node-package.ts';

export const fastifyHttpProxy = nodePackageTarget(
  { name: 'fastify-http-proxy', does: 'bare proxy: no log, no look-up' },
  '@fastify/http-proxy',
  'servers/fastify-http-proxy.ts',
);

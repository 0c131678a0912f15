import { nodePackageTarget } from './node-package.ts';

export const fastifyJson = nodePackageTarget(
  { name: 'fastify-json', does: 'bare Fastify route with a JSON reply as long as the badge; no proxy' },
  'fastify',
  'servers/fastify-json.ts',
  (_, { badgeBytes }) => String(badgeBytes),
);

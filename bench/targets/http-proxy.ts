import { nodePackageTarget } from './node-package.ts';

export const httpProxy = nodePackageTarget(
  { name: 'http-proxy', does: 'bare proxy: no log, no look-up; connections to the upstream kept alive' },
  'http-proxy',
  'servers/http-proxy.ts',
);

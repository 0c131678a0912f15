import type { Target } from '../types.ts';
import { caddy } from './caddy.ts';
import { direct } from './direct.ts';
import { fastifyHttpProxy } from './fastify-http-proxy.ts';
import { fastifyJson } from './fastify-json.ts';
import { haproxy } from './haproxy.ts';
import { httpProxy } from './http-proxy.ts';
import { nginx, nginxUnshared } from './nginx.ts';
import { shudi } from './shudi.ts';

export const TARGETS: readonly Target[] = [
  direct,
  shudi,
  fastifyHttpProxy,
  httpProxy,
  nginx,
  nginxUnshared,
  haproxy,
  caddy,
  fastifyJson,
];

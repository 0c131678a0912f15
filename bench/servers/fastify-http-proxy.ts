/** Bare @fastify/http-proxy, as its README has it. `node fastify-http-proxy.ts UPSTREAM` */
import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';
import { announcePort } from './announce-port.ts';

const upstream = process.argv[2] ?? '';
const app = Fastify({ logger: false });
await app.register(httpProxy, { upstream });
announcePort(await app.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }));

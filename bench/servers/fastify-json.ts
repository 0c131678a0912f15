/** A bare Fastify JSON route with a reply as long as the gateway's badge. `node fastify-json.ts BYTES` */
import Fastify from 'fastify';
import { announcePort } from './announce-port.ts';

const bytes = Number(process.argv[2]);
const frame = JSON.stringify({ account: '', pad: '' }).length;
const app = Fastify({ logger: false });

const schema = {
  response: {
    200: { type: 'object', properties: { account: { type: 'string' }, pad: { type: 'string' } } },
  },
} as const;

app.get<{ Params: { account: string } }>('/.shudi/badge/:account', { schema }, ({ params }) => {
  const { account } = params;
  return { account, pad: 'x'.repeat(Math.max(0, bytes - frame - account.length)) };
});
announcePort(await app.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }));

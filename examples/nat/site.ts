/**
 * The web services of the demonstration, both on loopback of the site: the example forum, and one that tells each
 * request's gateway-side endpoint, as a web service's access log would.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startForum } from '../forum/server.ts';

const [forumPort, mirrorPort, password = ''] = process.argv.slice(2);

await startForum({
  host: '127.0.0.1',
  port: Number(forumPort),
  users: [
    { name: 'anna', password },
    { name: 'bert', password },
  ],
});
const mirror = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({
      address: request.socket.remoteAddress,
      port: request.socket.remotePort,
      client: request.headers['x-forwarded-for'],
      requestId: request.headers['x-request-id'],
    }),
  );
});
mirror.listen(Number(mirrorPort), '127.0.0.1', () => {
  process.stdout.write(`ready ${(mirror.address() as AddressInfo).port}\n`);
});

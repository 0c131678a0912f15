import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { openLoop, type OpenLoop } from '../../bench/generators/open-loop.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function serving(server: Server): Promise<URL> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

function loopTo(url: URL, connections: number): OpenLoop {
  const loop = openLoop(url, connections);
  stops.push(() => loop.close());
  return loop;
}

test('every request of the schedule is sent, whatever the rate', async () => {
  let seen = 0;
  const url = await serving(
    createServer((_request, response) => {
      seen += 1;
      response.end('x');
    }),
  );
  const piece = await loopTo(url, 8).run(400, 1);
  expect(piece).toMatchObject({ requests: 400, errors: 0 });
  expect(seen).toBe(400);
});

test('a stall counts for every request that fell due in it', async () => {
  // The service answers nothing from 300 ms to 800 ms; a closed loop over one connection would see one slow answer.
  const began = performance.now();
  const url = await serving(
    createServer((_request, response) => {
      const at = performance.now() - began;
      const rest = at > 300 && at < 800 ? 800 - at : 0;
      setTimeout(() => response.end('x'), rest);
    }),
  );
  const piece = await loopTo(url, 1).run(100, 1);
  expect(piece.requests).toBe(100);
  expect(piece.p99Ms).toBeGreaterThan(400);
  expect(piece.p50Ms).toBeGreaterThan(20);
  expect(piece.lateP99Ms).toBeGreaterThan(300);
});

test('answers other than 200, and those that never come, are errors', async () => {
  let number = 0;
  const url = await serving(
    createServer((request, response) => {
      number += 1;
      if (number % 10 === 0) request.socket.destroy();
      else response.writeHead(number % 10 === 5 ? 503 : 200).end('x');
    }),
  );
  const piece = await loopTo(url, 4).run(100, 1);
  expect(piece.errors).toBe(20);
});

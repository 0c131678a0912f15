import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { tlsServerOptions, type LoadedCertificates } from './certificates.ts';

export interface TlsEvents {
  readonly handshakeMs: number;
  readonly secured: (socket: TLSSocket) => void;
  /** @param socket  whose handshake failed, or did not end in time */
  readonly failed: (socket: Socket) => void;
}

/**
 * A TLS server that does not listen: it is handed connections by `emit('connection', socket)`. Another one with other
 * certificates can take its place between two connections, and no socket is closed for it.
 */
export function createTlsServer(certificates: LoadedCertificates, events: TlsEvents): Server {
  const server = createServer({
    ...tlsServerOptions(() => certificates),
    allowHalfOpen: true,
    handshakeTimeout: events.handshakeMs,
  });
  server.on('secureConnection', (socket) => events.secured(socket));
  server.on('tlsClientError', (_error, socket) => {
    events.failed(socket);
    socket.destroy();
  });
  return server;
}

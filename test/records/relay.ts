import { connect, createServer, type Socket } from 'node:net';

/** Stands between a writer and its recorder, so that a test can cut them apart as a kill would. */
export interface Relay {
  readonly path: string;
  /** Cuts the connection; later ones are refused. */
  cut(): Promise<void>;
}

export async function startRelay(path: string, target: string): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    cut: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

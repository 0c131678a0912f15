import { ShudiError } from '../../model/errors.ts';

/** What a caller is told of a host and port that cannot be listened on; any other error as it is. */
export function bindError(error: unknown, transport: 'udp' | 'tcp', port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  const where = `collector ${transport} ${port}`;
  if (code === 'EADDRINUSE')
    return new ShudiError('gateway.port-in-use', `Port ${port} is in use.`, where, error);
  if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND' || code === 'EINVAL')
    return new ShudiError('config.invalid', `The host and port cannot be used (${code}).`, where, error);
  return error;
}

/** One request as the upstream sees it: as little as it needs to answer. */
export interface Head {
  readonly method: string;
  readonly target: string;
  readonly close: boolean;
  /** Where the next request starts. */
  readonly end: number;
}

/**
 * Reads one whole request from the front of `text`, or null while bytes are missing. It stands behind proxies that
 * send well-formed requests; it refuses nothing, and is no example of a server for the open.
 */
export function parseHead(text: string): Head | null {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const bodyStart = headEnd + 4;
  const [method = '', target = ''] = text.slice(0, text.indexOf('\r\n')).split(' ', 2);
  const fields = text.slice(0, headEnd).toLowerCase();
  const close = fields.includes('\r\nconnection: close');
  if (method === 'GET') return { method, target, close, end: bodyStart };

  if (fields.includes('\r\ntransfer-encoding: chunked')) {
    const last = text.indexOf('0\r\n\r\n', bodyStart);
    return last < 0 ? null : { method, target, close, end: last + 5 };
  }
  const length = Number(/\r\ncontent-length: *(\d+)/.exec(fields)?.[1] ?? 0);
  return text.length < bodyStart + length ? null : { method, target, close, end: bodyStart + length };
}

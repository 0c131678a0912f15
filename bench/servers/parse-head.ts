/** One request as the upstream sees it: as little as it needs to answer. */
export interface Head {
  readonly method: string;
  readonly target: string;
  readonly close: boolean;
  /** It has an Upgrade field. */
  readonly upgrade: boolean;
  /** Where the next request starts; of a PUT where its body starts. */
  readonly end: number;
}

/**
 * Reads one request from the front of `text`, a whole one but for the body of a PUT, or null while bytes are missing. It
 * stands behind proxies that send well-formed requests; it refuses nothing, and is no example of a server for the open.
 */
export function parseHead(text: string): Head | null {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const bodyStart = headEnd + 4;
  const [method = '', target = ''] = text.slice(0, text.indexOf('\r\n')).split(' ', 2);
  const fields = text.slice(0, headEnd).toLowerCase();
  const close = fields.includes('\r\nconnection: close');
  const upgrade = fields.includes('\r\nupgrade:');
  if (method === 'GET' || method === 'PUT') return { method, target, close, upgrade, end: bodyStart };

  if (fields.includes('\r\ntransfer-encoding: chunked')) {
    const last = text.indexOf('0\r\n\r\n', bodyStart);
    return last < 0 ? null : { method, target, close, upgrade, end: last + 5 };
  }
  const length = Number(/\r\ncontent-length: *(\d+)/.exec(fields)?.[1] ?? 0);
  return text.length < bodyStart + length
    ? null
    : { method, target, close, upgrade, end: bodyStart + length };
}

/** How long the body of a PUT is, which is read past and thrown away; null for any other request. */
export function sinkLength({ method }: Head, fields: string): number | null {
  if (method !== 'PUT') return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(fields)?.[1];
  if (length === undefined) throw new Error('a PUT without Content-Length');
  return Number(length);
}

/** What the log-in load needs of a response. */
export interface ReadResponse {
  readonly status: number;
  readonly head: string;
  readonly closing: boolean;
}

interface Pending extends ReadResponse {
  readonly bodyStart: number;
}

/**
 * Reads responses off one connection, one at a time: by Content-Length or chunks. It trusts what it talks to; only
 * the end of a chunked body is searched for rather than parsed, which the fixed body of the bench allows.
 */
export function createResponseReader(): (chunk: string) => ReadResponse | null {
  let text = '';
  let pending: Pending | null = null;

  function readHead(): Pending | null {
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const head = text.slice(0, end);
    return {
      status: Number(head.slice(9, 12)),
      head,
      closing: /\r\nconnection: *close/i.test(head),
      bodyStart: end + 4,
    };
  }

  function bodyEnd({ head, bodyStart }: Pending): number {
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) return bodyStart + Number(length);
    const last = text.indexOf('\r\n0\r\n\r\n', bodyStart - 2);
    return last < 0 ? Number.POSITIVE_INFINITY : last + 7;
  }

  return (chunk) => {
    text += chunk;
    pending ??= readHead();
    if (pending === null) return null;
    const end = bodyEnd(pending);
    if (text.length < end) return null;
    const done = pending;
    text = text.slice(end);
    pending = null;
    return done;
  };
}

import type { Answer } from './raw-upstream.ts';

/** Answers 200 with these header lines (each ended by CRLF) and a body. */
export function answering(lines: string, body = 'ok', status = '200 OK'): Answer {
  return (_request, connection) =>
    connection.write(`HTTP/1.1 ${status}\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`);
}

/** Answers with exactly these bytes. */
export function bytes(text: string): Answer {
  return (_request, connection) => connection.write(text);
}

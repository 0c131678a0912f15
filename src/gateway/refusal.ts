import type { ServerResponse } from 'node:http';
import type { ErrorCode } from '../model/error-codes.ts';
import { problemOf, ShudiError } from '../model/errors.ts';

/** Answers with a problem document (RFC 9457): a code, no word about the inside. */
export function sendRefusal(response: ServerResponse, code: ErrorCode, detail: string, close: boolean): void {
  const problem = problemOf(new ShudiError(code, detail));
  const body = JSON.stringify(problem);
  const headers: Record<string, string> = {
    'Content-Type': 'application/problem+json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
  };
  if (problem.status === 503) headers['Retry-After'] = '1';
  if (problem.status === 405) headers['Allow'] = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
  if (close) headers['Connection'] = 'close';
  response.writeHead(problem.status, headers);
  response.end(body);
}

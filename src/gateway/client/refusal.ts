import type { ErrorCode } from '../../model/error-codes.ts';
import { problemOf, ShudiError } from '../../model/errors.ts';
import type { SecurityKind } from '../guard/security-events.ts';

export interface Refusal {
  readonly status: number;
  /** Status line and header lines, latin1, without Date, Connection and the final blank line. */
  readonly head: string;
  readonly body: string;
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** A problem document (RFC 9457) as an answer: a code, no word about the inside. */
export function refusal(code: ErrorCode, detail: string): Refusal {
  const problem = problemOf(new ShudiError(code, detail));
  const body = JSON.stringify(problem);
  const { status } = problem;
  const head =
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}\r\nContent-Type: application/problem+json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\n` +
    (status === 503 || status === 429 ? 'Retry-After: 1\r\n' : '') +
    (status === 405 ? 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n' : '');
  return { status, head, body };
}

/** The same as a whole response. @param head  the request was HEAD: no body */
export function refusalText(code: ErrorCode, detail: string, close: boolean, head: boolean): string {
  const answer = refusal(code, detail);
  return `${answer.head}Date: ${httpDate()}\r\n${close ? 'Connection: close\r\n' : ''}\r\n${head ? '' : answer.body}`;
}

let dateText = '';
let dateUntil = 0;

/** The Date header's value (RFC 9110, 6.6.1), made once a second. */
export function httpDate(): string {
  const now = Date.now();
  if (now >= dateUntil) {
    dateText = new Date(now).toUTCString();
    dateUntil = now - (now % 1000) + 1000;
  }
  return dateText;
}

/** What a refusal of the parser counts as; `malformed` otherwise. */
export const REFUSAL_KINDS: { readonly [code: string]: SecurityKind } = {
  'gateway.head-too-large': 'head-too-large',
  'gateway.target-too-long': 'head-too-large',
  'gateway.body-too-large': 'body-too-large',
  'gateway.method': 'connect-method',
};

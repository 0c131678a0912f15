import { ERROR_CODES, type ErrorCode } from './error-codes.ts';

/** What a user is told: a stable code, what is wrong, where, and (from the registry) the mend. */
export class ShudiError extends Error {
  readonly code: ErrorCode;
  /** The place that is wrong: a file and line, a JSON pointer, a parameter's name. */
  readonly where: string | null;

  /**
   * @param code  an entry of the registry
   * @param detail  what is wrong this time; must hold no address, account or token (R12)
   * @param where  the file:line, pointer or parameter that is at fault
   */
  constructor(code: ErrorCode, detail: string, where: string | null = null, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause });
    this.name = 'ShudiError';
    this.code = code;
    this.where = where;
  }
}

/** An RFC 9457 problem document. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly where?: string;
  readonly mend: string;
}

/** The problem document of any thrown value; an unknown one tells nothing of itself (no stack, no text). */
export function problemOf(error: unknown): Problem {
  const known =
    error instanceof ShudiError
      ? error
      : new ShudiError('internal.fault', 'The request could not be served.');
  const entry = ERROR_CODES[known.code];
  return {
    type: `urn:shudi:error:${known.code}`,
    title: entry.title,
    status: entry.status,
    code: known.code,
    detail: known.message,
    ...(known.where === null ? {} : { where: known.where }),
    mend: entry.mend,
  };
}

/** One line for a terminal: `code: detail (where). Mend.` */
export function errorLine(error: unknown): string {
  const problem = problemOf(error);
  const place = problem.where === undefined ? '' : ` (${problem.where})`;
  return `${problem.code}: ${problem.detail}${place}\n  ${problem.mend}`;
}

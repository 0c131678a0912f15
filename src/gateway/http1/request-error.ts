import type { ErrorCode } from '../../model/error-codes.ts';

/** A request that is refused for what it is, before anything of it is recorded or forwarded (R1). */
export class RequestError extends Error {
  readonly code: ErrorCode;
  /** @param detail  what is wrong, for whoever sent it; holds nothing of the request */
  constructor(code: ErrorCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

export const malformed = (detail: string): RequestError => new RequestError('gateway.bad-request', detail);

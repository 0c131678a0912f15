import { ERROR_CODES, type ErrorCode } from '../model/error-codes.ts';
import { ShudiError } from '../model/errors.ts';

/** An error on its way to another process. Its cause and its stack stay here. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly where: string | null;
}

/** What goes over a channel; `read` says how many pushes were taken in. */
export type Item =
  | readonly ['call', id: number, method: string, argument: unknown]
  | readonly ['push', method: string, argument: unknown]
  | readonly ['done', id: number, result: unknown]
  | readonly ['fail', id: number, error: WireError]
  | readonly ['read', pushes: number];

/** The message's items, or null when it is none of this channel. Items that make no sense are left out and counted. */
export function packetOf(
  message: unknown,
  channel: string,
): { readonly items: readonly Item[]; readonly malformed: number } | null {
  if (typeof message !== 'object' || message === null || !('channel' in message)) return null;
  if (message.channel !== channel) return null;
  if (!('items' in message) || !Array.isArray(message.items)) return { items: [], malformed: 1 };
  const received: readonly unknown[] = message.items;
  const items = received.filter(isItem);
  return { items, malformed: received.length - items.length };
}

function isItem(value: unknown): value is Item {
  if (!Array.isArray(value)) return false;
  const item: readonly unknown[] = value;
  switch (item[0]) {
    case 'call':
      return item.length === 4 && Number.isSafeInteger(item[1]) && typeof item[2] === 'string';
    case 'push':
      return item.length === 3 && typeof item[1] === 'string';
    case 'done':
      return item.length === 3 && Number.isSafeInteger(item[1]);
    case 'fail':
      return item.length === 3 && Number.isSafeInteger(item[1]) && isWireError(item[2]);
    case 'read':
      return item.length === 2 && Number.isSafeInteger(item[1]) && Number(item[1]) > 0;
    default:
      return false;
  }
}

function isWireError(value: unknown): value is WireError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'message' in value &&
    typeof value.message === 'string' &&
    'where' in value &&
    (value.where === null || typeof value.where === 'string')
  );
}

/** Anything that is no ShudiError tells nothing of itself: its text could hold anything. */
export function wireError(error: unknown): WireError {
  if (!(error instanceof ShudiError))
    return { code: 'internal.fault', message: 'A call of another process has failed.', where: null };
  return { code: error.code, message: error.message, where: error.where };
}

export function reviveError({ code, message, where }: WireError): ShudiError {
  return isErrorCode(code)
    ? new ShudiError(code, message, where)
    : new ShudiError('internal.fault', 'Another process answered with an unknown error.');
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

/** A promise whose resolution another process gives; its type is the contract's. */
export function outcomeOf<Result>(
  start: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => start((value) => resolve(value as Result), reject));
}

import { STATUS_CODES } from 'node:http';
import type { ErrorCode } from '../model/error-codes.ts';
import { ShudiError } from '../model/errors.ts';

/** What Fastify calls the faults of a request, and what we do. */
const FRAMEWORK: { readonly [code: string]: ErrorCode } = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'api.too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'api.media-type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'api.malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'api.malformed',
  FST_ERR_CTP_INVALID_JSON_BODY: 'api.malformed',
  FST_ERR_BAD_URL: 'api.malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'api.malformed',
};

/**
 * Any thrown value as an error of ours. What the framework throws for a bad request keeps its meaning but not its text,
 * which can quote the request; everything else is a fault of ours.
 */
export function asShudiError(error: unknown): ShudiError {
  if (error instanceof ShudiError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = FRAMEWORK[code];
  if (known !== undefined) return new ShudiError(known, 'The request cannot be taken.');
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500)
    return new ShudiError('api.malformed', `${STATUS_CODES[status] ?? 'Bad request'}.`);
  return new ShudiError('internal.fault', 'The request could not be served.', null, error);
}

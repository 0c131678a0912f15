import type { IncomingHttpHeaders } from 'node:http';

/** The region that the gateway saw a request come from. */
export interface SeenRegion {
  readonly code: string;
  /** As the gateway words it, in its own language. */
  readonly label: string;
}

const CODE = /^[A-Z]{2}(?:-[A-Z0-9]{1,3})?$/;
const LABEL_MAX = 60;

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/**
 * Reads `X-IP-Region` and `X-IP-Region-Label`. They can be believed because the gateway removes what a client sends
 * under these names, and because nobody but the gateway can reach the forum. `X-Forwarded-For` is never looked at:
 * the forum has no use for an address.
 */
export function seenRegion(headers: IncomingHttpHeaders): SeenRegion | null {
  const code = headers['x-ip-region'];
  const encoded = headers['x-ip-region-label'];
  if (typeof code !== 'string' || !CODE.test(code)) return null;
  const label = typeof encoded === 'string' && encoded.length <= LABEL_MAX * 9 ? decoded(encoded) : null;
  return { code, label: label === null || label === '' ? code : label.slice(0, LABEL_MAX) };
}

import { createHash, randomBytes } from 'node:crypto';

/** A token that was just made. `secret` is shown to its owner once and stored nowhere. */
export interface NewToken {
  /** Names the token in the journal; tells nothing of the secret. */
  readonly id: string;
  readonly secret: string;
  /** Hex SHA-256 of the secret: all that is stored. */
  readonly hash: string;
}

const FORM = /^shudi_[ps]_[A-Za-z0-9_-]{43}$/;
const SECRET_BYTES = 32;

/** An unguessable name such as `r-3f0c…`, 64 random bits. */
export function newId(prefix: 'p' | 't' | 'c' | 'r' | 'g'): string {
  return `${prefix}-${randomBytes(8).toString('hex')}`;
}

/** Makes a token with 256 random bits: `shudi_p_…` for a person, `shudi_s_…` for a site. */
export function newToken(owner: 'person' | 'site'): NewToken {
  const secret = `shudi_${owner === 'person' ? 'p' : 's'}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { id: newId('t'), secret, hash: sha256(secret) };
}

/**
 * The hash under which a token is looked up, or null when the text is no token at all. Look-up by hash gives nothing
 * away by its timing: who cannot choose the hash learns nothing from how far a comparison came.
 */
export function hashToken(secret: string): string | null {
  return FORM.test(secret) ? sha256(secret) : null;
}

/** Hex SHA-256 of a text. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

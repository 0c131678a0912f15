/** The value of a cookie in a Cookie header (RFC 6265, 5.4), or null. Of several of one name the first counts. */
export function cookieValue(header: string | undefined, name: string): string | null {
  const value = rawCookieValue(header, name)?.replace(/^"(.*)"$/, '$1') ?? '';
  return value === '' ? null : value;
}

/** The same with the quotes that it may have. */
export function rawCookieValue(header: string | undefined, name: string): string | null {
  if (header === undefined) return null;
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals === -1 || part.slice(0, equals).trim() !== name) continue;
    const value = part.slice(equals + 1).trim();
    return value === '' ? null : value;
  }
  return null;
}

/**
 * The header with only the first cookie of a name. A web service may take the last of several, and would then act for
 * another account than the one that was recorded.
 */
export function onlyFirstCookie(header: string, name: string): string {
  let found = false;
  const kept = header.split(';').filter((part) => {
    const equals = part.indexOf('=');
    if ((equals === -1 ? part : part.slice(0, equals)).trim() !== name) return true;
    // One without `=` is none to us, and may be one to the web service.
    if (equals === -1 || found) return false;
    found = true;
    return true;
  });
  return kept.join(';').trimStart();
}

export interface SetCookie {
  /** Null when the cookie is deleted by this. */
  readonly value: string | null;
}

/** What a response's Set-Cookie headers do to the cookie, or null when they leave it alone. The last one counts. */
export function setCookie(headers: readonly string[], name: string, now: number): SetCookie | null {
  let result: SetCookie | null = null;
  for (const header of headers) {
    const [pair = '', ...attributes] = header.split(';');
    const equals = pair.indexOf('=');
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue;
    const value = pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
    result = { value: value === '' || expired(attributes, now) ? null : value };
  }
  return result;
}

/** Max-Age goes before Expires, wherever it stands (RFC 6265, 5.3). */
function expired(attributes: readonly string[], now: number): boolean {
  let byAge: boolean | null = null;
  let byDate = false;
  for (const attribute of attributes) {
    const [name = '', value = ''] = attribute.split('=', 2).map((part) => part.trim());
    if (/^max-age$/i.test(name) && /^-?\d+$/.test(value)) byAge = Number(value) <= 0;
    else if (/^expires$/i.test(name)) byDate = Date.parse(value) <= now;
  }
  return byAge ?? byDate;
}

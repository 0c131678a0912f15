const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Tells whether a request is addressed to us by a name that we go by. A web page can make its own name point to this
 * machine (DNS rebinding), but it cannot make a browser send another name than that one.
 */
export function hostCheck(names: readonly string[]): (host: string | undefined) => boolean {
  const known = new Set([...LOOPBACK, ...names].map((name) => name.toLowerCase()));
  return (host) => {
    if (host === undefined) return false;
    const match = /^(\[[0-9a-f:.]+\]|[^:@/\s]+)(?::\d{1,5})?$/i.exec(host);
    return match?.[1] !== undefined && known.has(match[1].toLowerCase());
  };
}

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const DNS_NAME = new RegExp(`^(?:\\*\\.)?(?:${LABEL}\\.)*${LABEL}$`);

/** The names of a certificate's subjectAltName, in the order in which they stand. */
export interface CertificateNames {
  /** DNS names in lower case; a wildcard is the whole first label (RFC 9525, 6.3). */
  readonly dns: readonly string[];
  readonly addresses: readonly string[];
  /** DNS names that nobody can ask for, such as a wildcard inside a label. */
  readonly unusable: number;
}

/** One entry as node:crypto writes them: `DNS:example.org, IP Address:192.0.2.1, URI:"quoted, when it must be"`. */
const ENTRY = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/** @param text  `X509Certificate.subjectAltName`. Names in the subject's CN do not count (RFC 9525, 2). */
export function subjectAltNames(text: string | undefined): CertificateNames {
  const dns: string[] = [];
  const addresses: string[] = [];
  let unusable = 0;
  ENTRY.lastIndex = 0;
  for (let entry = next(text); entry !== null; entry = next(text)) {
    const [, kind, value = ''] = entry;
    if (kind === 'IP Address') addresses.push(value);
    if (kind !== 'DNS') continue;
    const name = value.toLowerCase();
    if (DNS_NAME.test(name)) dns.push(name);
    else unusable += 1;
  }
  return { dns, addresses, unusable };
}

/** An empty match would be found again for ever: the end of the text is one. */
function next(text: string | undefined): RegExpExecArray | null {
  return text === undefined || ENTRY.lastIndex >= text.length ? null : ENTRY.exec(text);
}

/** Finds what belongs to a host: by its exact name, else by a wildcard for exactly one label. */
export interface NameTable<T> {
  /** False when the name had a value before; the first one stays. */
  add(name: string, value: T): boolean;
  /** @param host  as a client sent it, in whatever case, perhaps with the root's dot */
  find(host: string): T | undefined;
}

export function createNameTable<T>(): NameTable<T> {
  const exact = new Map<string, T>();
  return {
    add(name, value) {
      if (exact.has(name)) return false;
      exact.set(name, value);
      return true;
    },
    find(host) {
      const name = (host.endsWith('.') ? host.slice(0, -1) : host).toLowerCase();
      // Clients do not send a wildcard, and it must not be found as if it were a name.
      if (name.startsWith('*')) return undefined;
      const dot = name.indexOf('.');
      return exact.get(name) ?? (dot > 0 ? exact.get(`*${name.slice(dot)}`) : undefined);
    },
  };
}

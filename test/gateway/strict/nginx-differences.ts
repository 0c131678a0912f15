/** What Debian's nginx (1.22) refuses although it is well-formed, so that the gateway passes it; and why it passes it. */
export interface Difference {
  readonly name: string;
  readonly reason: string;
  readonly applies: (bytes: string) => boolean;
}

const pathOf = (bytes: string): string => {
  const target = bytes.replace(/^(?:\r\n)+/, '').split(' ')[1] ?? '';
  return target.replace(/^https?:\/\/[^/?]*/i, '').split('?')[0] ?? '';
};

/** Whether a path climbs above its root: nginx resolves dots and refuses what has no place. */
function climbs(path: string): boolean {
  let depth = 0;
  for (const segment of path.replaceAll(/%2e/gi, '.').replaceAll(/%2f/gi, '/').split(/\/+/).slice(1)) {
    if (segment === '..') depth -= 1;
    else if (segment !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'OPTIONS *',
    reason: 'RFC 9112, 3.2.4 has it; nginx knows no asterisk form. The web service may answer it.',
    applies: (bytes) => /^(?:\r\n)*OPTIONS \* /.test(bytes),
  },
  {
    name: 'a NUL, percent-encoded',
    reason:
      'RFC 3986 allows %00. nginx decodes the path to find files; the gateway forwards the target byte for byte.',
    applies: (bytes) => pathOf(bytes).includes('%00'),
  },
  {
    name: 'broken percent-encoding',
    reason: 'The gateway decodes no target, and web services that look up by bytes may use it.',
    applies: (bytes) => /%(?![0-9A-Fa-f]{2})/.test(pathOf(bytes)),
  },
  {
    name: 'dots above the root',
    reason: 'nginx resolves the path to files; the gateway serves none, and the web service resolves it.',
    applies: (bytes) => climbs(pathOf(bytes)),
  },
  {
    name: 'a tab around the Host or the length',
    reason:
      'RFC 9110, 5.6.3 allows tabs around a value; nginx takes blanks only. The gateway writes both values trimmed.',
    applies: (bytes) => /^(?:host|content-length):(?: *\t|[^\r\n]*\t *\r\n)/im.test(bytes),
  },
];

import { readFileSync } from 'node:fs';
import { parseCidr } from '../../geo/prefix.ts';
import { ShudiError } from '../../model/errors.ts';
import { systemClock, type Clock } from '../../model/time.ts';
import { loadCertificates, type CertificateFinding } from '../../gateway/tls/certificates.ts';
import type { TlsOptions } from '../../gateway/options.ts';
import type { ConfigFile, Path } from '../config-file.ts';
import type { Config } from '../config.ts';
import { findingAt, reasonOf, type Finding, type Level } from './findings.ts';

/** Networks this wide hold others than the operator's own machines. */
const WIDE_V4 = 8;
const WIDE_V6 = 32;

/** What the gateway's part of the configuration says wrongly or dangerously; nothing is asked over the network. */
export function gatewayFindings(config: Config, file: ConfigFile, clock: Clock = systemClock): Finding[] {
  return [
    ...config.gateway.listeners.flatMap(({ tls }, index) =>
      tls === null
        ? []
        : tlsFindings(tls, file, ['gateway', 'listeners', index, 'tls', 'certificates'], clock),
    ),
    ...trustFindings(file),
    ...routeFindings(config, file),
    ...limitFindings(file),
  ];
}

const CERTIFICATE_LEVEL: Readonly<Record<CertificateFinding['code'], Level>> = {
  expired: 'fault',
  'not-yet-valid': 'fault',
  'key-readable': 'warn',
  'expires-soon': 'warn',
  'name-unusable': 'warn',
  'name-taken': 'warn',
};

/** Each certificate by itself, so that one fault does not hide the others; then what they are to each other. */
function tlsFindings(tls: TlsOptions, file: ConfigFile, path: Path, clock: Clock): Finding[] {
  const placeOf = (named: string): Path | null => {
    const index = tls.certificates.findIndex(({ cert, key }) => cert === named || key === named);
    const files = tls.certificates[index];
    return files === undefined ? null : [...path, index, files.key === named ? 'key' : 'cert'];
  };
  const findings: Finding[] = [];
  for (const [index, files] of tls.certificates.entries()) {
    try {
      const loaded = loadCertificates({ ...tls, certificates: [files] }, clock);
      for (const { code, file: named, text } of loaded.findings)
        findings.push(
          findingAt(
            file,
            [...path, index, named === files.key ? 'key' : 'cert'],
            CERTIFICATE_LEVEL[code],
            text,
          ),
        );
      for (const { names, daysLeft } of loaded.describe())
        if (daysLeft >= 0)
          findings.push(
            findingAt(file, [...path, index], 'ok', `${names.join(', ')}; ${daysLeft} days left`),
          );
    } catch (error) {
      const key = error instanceof ShudiError && error.where === files.key ? 'key' : 'cert';
      findings.push(findingAt(file, [...path, index, key], 'fault', reasonOf(error)));
    }
  }
  if (findings.some(({ level }) => level === 'fault')) return findings;
  for (const { code, file: named, text } of loadCertificates(tls, clock).findings)
    if (code === 'name-taken') findings.push(findingAt(file, placeOf(named) ?? path, 'warn', text));
  return findings;
}

function trustFindings(file: ConfigFile): Finding[] {
  const findings: Finding[] = [];
  file.raw.gateway.listeners.forEach(({ trustedProxies, proxyProtocol }, index) => {
    const lists = { trustedProxies, 'proxyProtocol.from': proxyProtocol?.from ?? [] };
    for (const [key, cidrs] of Object.entries(lists))
      cidrs.forEach((cidr, item) => {
        if (isWide(cidr))
          findings.push(
            findingAt(
              file,
              ['gateway', 'listeners', index, ...key.split('.'), item],
              'warn',
              'is very wide: whoever is in there can put words in the record; name your own proxies only',
            ),
          );
      });
  });
  return findings;
}

function isWide(text: string): boolean {
  const prefix = parseCidr(text);
  return prefix !== null && prefix.length <= (prefix.family === 4 ? WIDE_V4 : WIDE_V6);
}

function routeFindings(config: Config, file: ConfigFile): Finding[] {
  return config.gateway.routes.flatMap(({ egress, identity }, index) => {
    const path = ['gateway', 'routes', index];
    const findings: Finding[] = [];
    if (egress === 'pooled')
      findings.push(
        findingAt(
          file,
          [...path, 'egress'],
          'warn',
          'pooled: many clients share a gateway-side endpoint, so a question by it is ambiguous; log X-Request-Id at the web service',
        ),
      );
    if (identity.mode === 'jwt' && !/^https?:/.test(identity.jwks))
      findings.push(keySetFinding(identity.jwks, file, [...path, 'identity', 'jwks']));
    return findings;
  });
}

function keySetFinding(path: string, file: ConfigFile, place: Path): Finding {
  try {
    const keys = keysIn(readFileSync(path, 'utf8'));
    return findingAt(file, place, 'ok', `${keys} keys`);
  } catch (error) {
    return findingAt(file, place, 'fault', `the key set cannot be used: ${reasonOf(error)}`);
  }
}

/** How many keys a key set (RFC 7517, 5) holds. @throws ShudiError config.invalid when the text is none */
export function keysIn(text: string): number {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ShudiError('config.invalid', 'it is no JSON', null, cause);
  }
  const keys = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined;
  if (!Array.isArray(keys)) throw new ShudiError('config.invalid', 'it has no list of keys');
  if (keys.length === 0) throw new ShudiError('config.invalid', 'it holds no key');
  return keys.length;
}

/** What is lost without each. */
const SWITCHED_OFF = {
  requestsPerClient: 'one client can keep the web services busy',
  requestsPerAccount: 'one account can keep the web services busy',
  recordsPerClient: 'one client can fill the disk',
} as const;

function limitFindings(file: ConfigFile): Finding[] {
  const { limits } = file.raw.gateway;
  const findings: Finding[] = [];
  for (const key of ['requestsPerClient', 'requestsPerAccount', 'recordsPerClient'] as const)
    if (limits[key] === 'off')
      findings.push(
        findingAt(file, ['gateway', 'limits', key], 'warn', `is switched off: ${SWITCHED_OFF[key]}`),
      );
  return findings;
}

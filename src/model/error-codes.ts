/**
 * The one registry of error codes. A code is stable: programs may test for it.
 * `status` is the HTTP status of the problem document (RFC 9457); `mend` says what the reader can do.
 * docs/errors.md is generated from this table and tested to be current.
 */
export interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  readonly mend: string;
}

const entry = (status: number, title: string, mend: string): ErrorEntry => ({ status, title, mend });

export const ERROR_CODES = {
  'usage.command': entry(400, 'The command line is wrong', 'Run `shudi help` and compare.'),
  'internal.fault': entry(
    500,
    'Something failed inside',
    'Tell the operator the time; the log holds the code.',
  ),

  'config.unreadable': entry(
    500,
    'The configuration file cannot be read',
    'Check the path and its permissions.',
  ),
  'config.syntax': entry(500, 'The configuration is not valid YAML', 'Mend the line that is named.'),
  'config.invalid': entry(
    500,
    'The configuration does not fit its schema',
    'Mend the key that is named; docs/configuration.md lists all keys.',
  ),

  'time.no-offset': entry(
    400,
    'The time carries no UTC offset',
    'Write it as RFC 3339 with Z or an offset, such as 2026-11-22T08:00:00+08:00.',
  ),
  'time.invalid': entry(
    400,
    'The time cannot be understood',
    'Write it as RFC 3339, such as 2026-11-22T00:00:00Z.',
  ),
  'address.invalid': entry(
    400,
    'The address is not an IPv4 or IPv6 address',
    'Paste it without a port, brackets or blanks.',
  ),
  'port.invalid': entry(
    400,
    'The port is not a whole number from 1 to 65535',
    'Leave it out if it is not known.',
  ),
  'question.invalid': entry(
    400,
    'The question is not complete',
    'Name one endpoint and one time; docs/trace.md shows the forms.',
  ),

  'data.locked': entry(
    503,
    'Another shudi process uses this data directory',
    'Stop it first, or name another directory.',
  ),
  'data.missing': entry(
    500,
    'The data directory does not exist',
    'Name the directory that the gateway writes, or create it with `shudi serve`.',
  ),
  'data.permissions': entry(500, 'A key file can be read by others', 'Set its mode to 0600.'),
  'data.damaged': entry(
    500,
    'A stored file is damaged',
    'A day of records was set aside under its name with `.damaged`; any other file was left as it is. Restore it from a backup.',
  ),
  'data.version': entry(
    500,
    'A stored file has another version than this program',
    'Run the version of shudi that wrote it.',
  ),

  'import.format': entry(
    400,
    'A file could not be imported',
    'Name its format with --format; docs/collectors.md shows what each format takes.',
  ),
  'import.running': entry(
    409,
    'Another import into this data directory is running',
    'Wait until it has ended; one command may name many files.',
  ),
  'import.damaged': entry(
    400,
    'A packed file is cut or damaged',
    'What could be read was imported. Import the whole file: what is in both counts once.',
  ),
  'import.options': entry(
    409,
    'The file was imported with other options',
    'What was stored stays as it is. To read the file anew, import it under another source name (`--source`).',
  ),
  'import.mapping': entry(
    400,
    'The mapping of the columns is wrong',
    'Write it as `field=column,field=column`; docs/collectors.md lists the fields.',
  ),

  'journal.moved': entry(409, 'The journal has moved on since this was decided', 'Try again.'),
  'journal.unavailable': entry(
    503,
    'The journal cannot be written',
    'Check disk space; nothing is disclosed until it is back.',
  ),
  'journal.broken': entry(
    500,
    'The journal chain is broken',
    'Run `shudi verify`; do not go on before you know why.',
  ),
  'journal.invalid': entry(
    400,
    'The journal cannot hold such an entry',
    'Shorten the text; an entry holds at most 64 KiB.',
  ),

  'vault.unavailable': entry(
    503,
    'The vault cannot be read or written',
    'Check disk space; accounts are not served until it is back.',
  ),
  'vault.busy': entry(
    503,
    'The vault has too much to do',
    'Try again; if it lasts, the disk is too slow for the number of log-ins.',
  ),
  'vault.tampered': entry(
    500,
    "A sealed entry of the vault was changed, or lies at another one's place",
    'Disclose nothing from it; compare the vault with its backups.',
  ),

  'key.missing': entry(
    500,
    'A key is not there',
    'Restore it from its backup; a new key cannot open what the old one sealed.',
  ),
  'key.invalid': entry(500, 'A key file does not hold a key', 'Restore it from its backup.'),
  'key.wrong': entry(
    500,
    'The key is not the one that this was made with',
    'Restore the key and the data from the same backup.',
  ),
  'key.exists': entry(
    409,
    'There is a key already',
    'Keep it: what was sealed to it needs it. `openssl pkey -in disclosure.key -pubout` makes its public half again.',
  ),

  'gateway.bad-request': entry(400, 'The request is malformed', 'Send one well-formed HTTP/1.1 request.'),
  'gateway.method': entry(405, 'This method is not forwarded', 'Use another method.'),
  'gateway.head-too-large': entry(
    431,
    'The head of the request is too large',
    'Send fewer or shorter headers; the operator sets gateway.limits.headerBytes and headerCount.',
  ),
  'gateway.target-too-long': entry(
    414,
    'The request target is too long',
    'Send a shorter address; the operator sets gateway.limits.targetBytes.',
  ),
  'gateway.body-too-large': entry(
    413,
    'The request body is too large',
    'Send less at once; the operator sets bodyBytes of the route.',
  ),
  'gateway.expectation': entry(417, 'The expectation cannot be met', 'Expect nothing but 100-continue.'),
  'gateway.request-timeout': entry(408, 'The request did not come in time', 'Send it again, faster.'),
  'gateway.too-many-requests': entry(
    429,
    'Too many requests from here',
    'Wait and try again; the operator sets gateway.limits.',
  ),
  'gateway.no-route': entry(404, 'No route serves this host and path', 'Check the host name and the path.'),
  'gateway.unidentified': entry(401, 'The token is missing, expired or not valid', 'Log in again.'),
  'gateway.identity-unavailable': entry(
    503,
    'Who is logged in cannot be told now',
    'Try again in a moment. The operator: see whether the introspection address of the route answers.',
  ),
  'gateway.upstream-unreachable': entry(502, 'The web service cannot be reached', 'Try again later.'),
  'gateway.upstream-invalid': entry(502, 'The web service answered nonsense', 'Try again later.'),
  'gateway.upstream-timeout': entry(504, 'The web service did not answer in time', 'Try again later.'),
  'gateway.port-in-use': entry(
    500,
    'Another program listens on this port',
    'Stop it, or choose another port.',
  ),

  'records.unavailable': entry(
    503,
    'The recorder cannot store records',
    'Check disk space and the data directory; nothing is forwarded until it is back.',
  ),
  'records.disk-reserve': entry(
    503,
    'The disk is nearly full',
    'Free space where the data directory lies; nothing new is recorded or forwarded below the reserve.',
  ),

  'region.missing': entry(
    500,
    'The region file is not there',
    'Run `shudi geo build`, or name another file in the configuration.',
  ),
  'region.damaged': entry(
    500,
    'The region file is damaged or half-written',
    'Build it again with `shudi geo build`; a running gateway keeps the file it has.',
  ),
  'region.schema': entry(
    500,
    'The file is no region file of this version',
    'Name a file that `shudi geo build` of this version wrote.',
  ),
  'region.sentinel': entry(
    500,
    'The region file answers known addresses wrongly',
    'Do not use it; check the data packages and build it again.',
  ),
  'region.delta': entry(
    500,
    'The region file has a suspicious number of records',
    'Look at both files; raise the limit for one update if the change is meant.',
  ),
  'region.source': entry(
    500,
    'A data package that regions are built from cannot be used',
    'Run `npm ci` in geo-data.',
  ),
  'region.output': entry(
    500,
    'The region file cannot be written',
    'Check the directory, its permissions and the disk space.',
  ),
  'region.override': entry(
    400,
    'A region override is wrong',
    'Write {cidr, region} with a network address and a code such as CN-GD, CN-HK, US or ZZ.',
  ),

  'auth.missing': entry(401, 'A token is needed', 'Send `Authorization: Bearer <token>`.'),
  'auth.unknown': entry(
    401,
    'The token is not known, or was revoked',
    'Ask for a new one: docs/disclosure.md.',
  ),
  'auth.role': entry(403, 'Your role may not do this', 'Ask somebody whose role allows it.'),
  'auth.rate': entry(429, 'Too many requests with this token', 'Wait as long as Retry-After says.'),
  'auth.bootstrapped': entry(
    409,
    'The first two people are enrolled already',
    'Propose further people and have another one confirm them.',
  ),
  'auth.not-bootstrapped': entry(409, 'Nobody is enrolled yet', 'Enrol the first two people.'),
  'auth.person': entry(404, 'There is no such person, or they were removed', 'Check the id.'),
  'auth.person-invalid': entry(400, 'The person cannot be enrolled like this', 'Mend what is named.'),
  'auth.name-taken': entry(
    409,
    'A person of this name is enrolled or proposed',
    'Use the name that tells the two apart.',
  ),
  'auth.same-person': entry(
    403,
    'The one who proposed a person cannot confirm them',
    'Another enrolled person must confirm.',
  ),
  'auth.token': entry(404, 'There is no such token', 'Check the id.'),
  'auth.token-taken': entry(409, 'This token is in use already', 'Make a new one.'),

  'case.unknown': entry(404, 'There is no such case', 'Check the id.'),
  'case.invalid': entry(
    400,
    'The case does not hold what its kind needs',
    'Fill in the field that is named.',
  ),

  'request.unknown': entry(404, 'There is no such request', 'Check the id.'),
  'request.not-yours': entry(403, 'The request is of another person', 'Make a request of your own.'),
  'request.own-approval': entry(
    403,
    'Nobody approves their own request',
    'Another person must approve it; another token of yours is still you.',
  ),
  'request.digest': entry(
    409,
    'The request is not the one that was approved',
    'Read it again and approve the digest that it has now.',
  ),
  'request.approved': entry(
    409,
    'The request has a live approval already',
    'Execute it, or change the request to void it.',
  ),
  'request.not-approved': entry(409, 'The request has no approval', 'Ask an approver.'),
  'request.requester-gone': entry(
    409,
    'The person who made the request is not enrolled any more',
    'Make a new request.',
  ),

  'grant.unknown': entry(404, 'There is no such grant', 'Check the id.'),
  'grant.used': entry(
    409,
    'The grant has been used',
    'A grant is good for one answer; ask for a new approval.',
  ),
  'grant.expired': entry(409, 'The grant has expired', 'Ask for a new approval.'),
  'grant.void': entry(
    409,
    'The grant is void',
    'The request was changed, or an approval withdrawn; ask for a new approval.',
  ),
  'grant.not-yours': entry(
    403,
    'The grant is for another person',
    'Only the one who made the request can execute it.',
  ),
  'grant.busy': entry(503, 'Too many disclosures run at once', 'Try again in a few seconds.'),
  'grant.interrupted': entry(
    500,
    'The disclosure ended before it answered',
    'The audit shows whether the grant was used; if so, ask for a new approval.',
  ),

  'event.unknown-request': entry(
    422,
    'The gateway has forwarded no such request',
    'Send the X-Request-Id that came with a request of an unsafe method (POST, PUT, PATCH, DELETE).',
  ),
  'event.account': entry(
    400,
    'This is not an account id',
    'Send 1 to 128 printable characters without blanks.',
  ),
  'event.time': entry(
    422,
    'The event cannot have happened then',
    'Leave `at` out, or send a time between the request and now.',
  ),
  'event.too-late': entry(422, 'The event comes too late', 'Send events within a day of their request.'),

  'api.not-found': entry(404, 'There is nothing here', 'Check the path; /openapi.json lists all.'),
  'api.method': entry(405, 'This path has no such method', 'Use a method that Allow names.'),
  'api.invalid': entry(
    400,
    'The request does not fit its schema',
    'Mend the field that is named; /openapi.json holds the schema.',
  ),
  'api.malformed': entry(400, 'The request cannot be read', 'Send one well-formed JSON document.'),
  'api.media-type': entry(415, 'The body is not JSON', 'Send Content-Type: application/json.'),
  'api.too-large': entry(413, 'The request is too large', 'Send less at once; a body has at most 256 KiB.'),
  'api.host': entry(
    421,
    'This server does not answer for that host name',
    'Use a loopback name, or add the name to control.hosts.',
  ),
  'api.stopping': entry(503, 'The server is stopping', 'Try again in a moment.'),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

import { FORMATS } from '../../collectors/import/reading.ts';
import type { Command } from '../command-line.ts';

/** Every command, in the order of the help. Of each only what it needs is loaded. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    usage: '--config FILE',
    does: 'Runs gateway and control listener, as configured.',
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  demo: {
    usage: '[--data DIR]',
    does: 'Runs everything with an example forum, throw-away keys and data, and printed log-ins (npm start).',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
  check: {
    usage: '--config FILE [--json]',
    does: 'Validates configuration, certificates, keys, data directory, region data, clock and what the machine allows; says what is wrong and where.',
    load: async () => (await import('./check.ts')).checkCommand,
  },
  import: {
    usage: `--source NAME --format ${FORMATS.join('|')} FILE... [--realm NAME] [--dialect NAME] [--vendor NAME] [--zone +08:00] [--own CIDR,...] [--map FIELD=COLUMN,...] [--radius-secret FILE] (--data DIR | --config FILE)`,
    does: 'Reads captures or logs of a NAT device or access server; the same file twice adds nothing. Prints JSON.',
    load: async () => (await import('./import.ts')).importCommand,
  },
  trace: {
    usage:
      '(--outside ADDR | --inside ADDR | --egress ADDR | --request-id ID) [--port P] [--proto tcp|udp] [--remote ADDR:P] --at TIME [--tolerance 2s] [--json] (--data DIR | --config FILE)',
    does: 'Who used this address and port then? Down to handles, never identities; the question is journalled.',
    load: async () => (await import('./trace.ts')).traceCommand,
  },
  verify: {
    usage: 'DATA-DIR [--head SEQ:HASH]... [--json]',
    does: 'Checks journal and records, offline; changes nothing.',
    load: async () => (await import('./verify.ts')).verifyCommand,
  },
  'geo build': {
    usage: '[--output FILE] [--json]',
    does: 'Compiles the region file from the pinned data packages.',
    load: async () => (await import('./geo.ts')).geoBuildCommand,
  },
  'geo lookup': {
    usage: 'ADDR... [--file FILE] [--json]',
    does: 'Looks addresses up in the region file.',
    load: async () => (await import('./geo.ts')).geoLookupCommand,
  },
  'user bootstrap': {
    usage: '--requester NAME --approver NAME --data DIR',
    does: 'Enrols the first two people and prints their tokens, once. Later ones take two enrolled people.',
    load: async () => (await import('./user.ts')).userBootstrapCommand,
  },
  'user propose': {
    usage: '--name NAME --role ROLE... [--token-hash HASH] --data DIR',
    does: 'Proposes a person (your token in SHUDI_TOKEN) with the hash of the token that they made with `token new`; another enrolled person must confirm. Supervisor and operator take effect at once, without SHUDI_TOKEN and HASH, and their token is printed.',
    load: async () => (await import('./user.ts')).userProposeCommand,
  },
  'user confirm': {
    usage: 'ID --data DIR',
    does: 'Confirms a proposed person (your token in SHUDI_TOKEN). You cannot confirm whom you proposed.',
    load: async () => (await import('./user.ts')).userConfirmCommand,
  },
  'user remove': {
    usage: 'ID --data DIR',
    does: 'Removes a person; their tokens, unconfirmed proposals and unused grants end with it.',
    load: async () => (await import('./user.ts')).userRemoveCommand,
  },
  'user list': {
    usage: '--data DIR',
    does: 'Lists the enrolled people and their roles.',
    load: async () => (await import('./user.ts')).userListCommand,
  },
  'token new': {
    usage: '',
    does: 'Makes a token for yourself: keep it, and give its hash to the person who proposes you. Stores nothing.',
    load: async () => (await import('./token.ts')).tokenNewCommand,
  },
  'token issue': {
    usage: '--data DIR',
    does: 'Issues a further token to yourself (your token in SHUDI_TOKEN).',
    load: async () => (await import('./token.ts')).tokenIssueCommand,
  },
  'token site': {
    usage: '--site NAME --data DIR',
    does: 'Issues a token with which a site reports events and reads badges.',
    load: async () => (await import('./token.ts')).siteTokenCommand,
  },
  'token revoke': {
    usage: 'TOKEN-ID --data DIR',
    does: 'Revokes a token.',
    load: async () => (await import('./token.ts')).tokenRevokeCommand,
  },
  'key init': {
    usage: '--data DIR',
    does: 'Makes the key pair that identities are sealed to; move the private half off the machine where you can.',
    load: async () => (await import('./key.ts')).keyInitCommand,
  },
  'retention run': {
    usage: '--data DIR [--json]',
    does: 'Deletes the days that are older than six calendar months and a day, each with a journal entry.',
    load: async () => (await import('./retention.ts')).retentionCommand,
  },
};

import type { Command } from '../command-line.ts';
import { checkCommand } from './check.ts';
import { demoCommand } from './demo.ts';
import { geoBuildCommand, geoLookupCommand } from './geo.ts';
import { importCommand } from './import.ts';
import { keyInitCommand } from './key.ts';
import { retentionCommand } from './retention.ts';
import { serveCommand } from './serve.ts';
import { siteTokenCommand, tokenIssueCommand, tokenNewCommand, tokenRevokeCommand } from './token.ts';
import { traceCommand } from './trace.ts';
import {
  userBootstrapCommand,
  userConfirmCommand,
  userListCommand,
  userProposeCommand,
  userRemoveCommand,
} from './user.ts';
import { verifyCommand } from './verify.ts';

/** Every command, in the order of the help. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  serve: serveCommand,
  demo: demoCommand,
  check: checkCommand,
  import: importCommand,
  trace: traceCommand,
  verify: verifyCommand,
  'geo build': geoBuildCommand,
  'geo lookup': geoLookupCommand,
  'user bootstrap': userBootstrapCommand,
  'user propose': userProposeCommand,
  'user confirm': userConfirmCommand,
  'user remove': userRemoveCommand,
  'user list': userListCommand,
  'token new': tokenNewCommand,
  'token issue': tokenIssueCommand,
  'token site': siteTokenCommand,
  'token revoke': tokenRevokeCommand,
  'key init': keyInitCommand,
  'retention run': retentionCommand,
};

import { ShudiError } from '../../model/errors.ts';
import type { ConfigFile, Path } from '../config-file.ts';

export type Level = 'ok' | 'warn' | 'fault';

/** What `shudi check` says of one thing. */
export interface Finding {
  readonly subject: string;
  readonly level: Level;
  readonly text: string;
  /** The key that is to be looked at, and its file and line. */
  readonly key?: string;
  readonly where?: string;
}

/** A finding about a key of the configuration. */
export function findingAt(file: ConfigFile, path: Path, level: Level, text: string): Finding {
  const { key, where } = file.place(path);
  return { subject: key, level, text, key, where };
}

/** What an error says for a terminal, without its code: the finding has a place of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof ShudiError) return error.message;
  return error instanceof Error && 'code' in error ? String(error.code) : 'it failed';
}

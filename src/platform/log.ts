import { formatTime, systemClock } from '../model/time.ts';

/** Values that a log line may hold: counts, durations, codes, names of the configuration. Never an address, account or token (R12). */
export type LogFields = { readonly [key: string]: string | number | boolean | null };

export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** One JSON object a line on `write`. */
export function jsonLog(write: (line: string) => void): Log {
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}) =>
      write(`${JSON.stringify({ time: formatTime(systemClock()), level, event, ...fields })}\n`);
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

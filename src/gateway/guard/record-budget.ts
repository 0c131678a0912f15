import type { IpAddress } from '../../model/address.ts';
import type { RateOptions } from '../options.ts';
import { clientPrefix } from './client-prefix.ts';
import { createRateTable } from './rate-table.ts';

/** How many records a client may cause one by one (R11). */
export interface RecordBudget {
  /**
   * `single`: the records are paid for. `aggregate`: the client has used up its budget, nothing was taken, and what it
   * does is to be recorded together with its other connections.
   */
  spend(address: IpAddress, records: number): 'single' | 'aggregate';
}

export interface RecordBudgetOptions {
  /** Records of one client; null: no limit. */
  readonly rate: RateOptions | null;
  /** Clients with a budget of their own at once (see RateTableOptions). */
  readonly entries: number;
  /** Milliseconds, from anywhere. */
  readonly now: () => number;
}

export function createRecordBudget({ rate, entries, now }: RecordBudgetOptions): RecordBudget {
  if (rate === null) return { spend: () => 'single' };
  const table = createRateTable({ ...rate, entries, now });
  return {
    spend: (address, records) => (table.take(clientPrefix(address), records) ? 'single' : 'aggregate'),
  };
}

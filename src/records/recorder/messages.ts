import type { ErrorCode } from '../../model/error-codes.ts';
import type { StoreHead } from '../sqlite/store.ts';

/** What the recorder's process is to open. */
export interface RecorderSetup {
  readonly directory: string;
  readonly durability: 'fsync' | 'os';
  readonly socketPath: string;
  readonly diskReserveBytes: number;
  /** Whether a gateway records in this run. */
  readonly gateway: boolean;
}

/** From the parent. */
export type ToRecorder =
  | { readonly kind: 'open'; readonly setup: RecorderSetup }
  | { readonly kind: 'heads'; readonly id: number; readonly noted: readonly StoreHead[] }
  | { readonly kind: 'close' };

/** From the recorder's process. */
export type FromRecorder =
  | { readonly kind: 'opened'; readonly setAside: readonly string[]; readonly crashedAt: number | null }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode | null;
      readonly message: string;
      readonly where: string | null;
    }
  | { readonly kind: 'heads'; readonly id: number; readonly heads: readonly StoreHead[] };

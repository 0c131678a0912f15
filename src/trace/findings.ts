import type { AccountId, Site, Subject } from '../model/accounts.ts';
import type { IpAddress } from '../model/address.ts';
import type { RecordReader, Window } from '../model/records.ts';
import type { Millis } from '../model/time.ts';
import type { Found } from './candidates.ts';
import type { EndpointQuestion } from './question.ts';

export interface TracerOptions {
  readonly records: RecordReader;
  /** Only a disclosure resolves accounts to subjects; without this an account question is refused by its caller. */
  readonly subjectsOf?: (
    site: Site,
    account: AccountId,
    from: Millis,
    to: Millis,
  ) => Promise<readonly Subject[]>;
  /** The error assumed for a clock that was not measured (R4), ms. */
  readonly assumedClockErrorMs: number;
  /** Whether the operator has declared that an address serves one subscriber only. */
  readonly isUnshared: (address: IpAddress) => boolean;
}

/** What was found for a question, before it is graded. */
export interface Findings {
  readonly asked: Window;
  readonly found: readonly Found[];
  /** How many more there are than were fetched. */
  readonly cut: number;
  readonly shared: boolean;
  readonly portMissing: boolean;
  readonly unshared: boolean;
}

export const span = (from: number, to: number): Window => ({ from: from as Millis, to: to as Millis });

/** The asked time, without any clock's error. */
export const askedWindow = ({ at, toleranceMs }: EndpointQuestion): Window =>
  span(at - toleranceMs, at + toleranceMs);

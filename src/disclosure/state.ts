import type { Site } from '../model/accounts.ts';
import type { Json } from '../model/journal.ts';
import type { Millis } from '../model/time.ts';

/** What a person may do; src/api/routes says which role may call which route. */
export type Role = 'requester' | 'approver' | 'supervisor' | 'operator';

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly enrolledAt: Millis;
  readonly removedAt: Millis | null;
}

/** A person whom one has proposed and another must confirm. */
export interface Proposal {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
  /** The token that the new person made for themselves, if any: nobody else ever sees it. */
  readonly token: { readonly id: string; readonly hash: string } | null;
  readonly proposedBy: string;
  readonly proposedAt: Millis;
}

export type TokenOwner = { readonly person: string } | { readonly site: Site };

export interface Token {
  readonly id: string;
  readonly hash: string;
  readonly owner: TokenOwner;
  readonly issuedAt: Millis;
  readonly revokedAt: Millis | null;
}

export interface Case {
  readonly id: string;
  readonly kind: string;
  readonly fields: { readonly [key: string]: Json };
  readonly openedBy: string;
  readonly openedAt: Millis;
}

/** A question as `parseQuestion` takes it, in its one normal form. */
export type StoredQuestion = { readonly [key: string]: string | number };

/** Whether identities of an answer with several subjects may be disclosed, and of how many at most. */
export type Ambiguous = 'withhold' | { readonly upTo: number };

export interface DisclosureRequest {
  readonly id: string;
  readonly caseId: string;
  readonly requester: string;
  /** Counts the changes, so that what was changed and changed back must be approved anew. */
  readonly version: number;
  readonly reason: string;
  readonly questions: readonly StoredQuestion[];
  readonly ambiguous: Ambiguous;
  /** What an approver approves: see `requestDigest`. */
  readonly digest: string;
  readonly madeAt: Millis;
  readonly changedAt: Millis;
  /** The newest grant. */
  readonly grant: string | null;
}

/** The leave to run one request once. An approval makes it. */
export interface Grant {
  readonly id: string;
  readonly request: string;
  readonly digest: string;
  readonly approver: string;
  /** The approver's token: when it is revoked, what was approved with it and not used is void. */
  readonly token: string;
  readonly approvedAt: Millis;
  readonly expires: Millis;
  readonly state: 'unused' | 'used' | 'void';
  readonly usedAt: Millis | null;
  /** How its use ended; null while it runs, or when its process was killed. */
  readonly outcome: 'answered' | 'failed' | null;
}

/** All that the journal says of people, tokens, cases, requests and grants. */
export interface RegisterState {
  readonly people: Map<string, Person>;
  readonly proposals: Map<string, Proposal>;
  readonly tokens: Map<string, Token>;
  readonly tokensByHash: Map<string, string>;
  readonly cases: Map<string, Case>;
  readonly requests: Map<string, DisclosureRequest>;
  readonly grants: Map<string, Grant>;
}

export function emptyState(): RegisterState {
  return {
    people: new Map(),
    proposals: new Map(),
    tokens: new Map(),
    tokensByHash: new Map(),
    cases: new Map(),
    requests: new Map(),
    grants: new Map(),
  };
}

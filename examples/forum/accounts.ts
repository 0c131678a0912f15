import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Account names: also the ids that the gateway learns, hence the narrow alphabet. */
export const ACCOUNT_NAME = /^[a-z0-9_-]{2,32}$/;
export const PASSWORD_LENGTH = { min: 8, max: 128 } as const;

export type Registration = 'registered' | 'taken' | 'full' | 'busy';
export type Verification = 'right' | 'wrong' | 'busy';

export interface Accounts {
  has(name: string): boolean;
  register(name: string, password: string): Promise<Registration>;
  verify(name: string, password: string): Promise<Verification>;
}

interface Credential {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

// 32 MiB and some tens of milliseconds a guess.
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
const HASH_BYTES = 32;

/** Each derivation holds 32 MiB, so a flood of log-ins is told to come back instead of queueing without bound. */
const MAX_PENDING = 16;

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, HASH_BYTES, COST, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** Accounts in memory; at most `max` of them. */
export function createAccounts(max: number): Accounts {
  const credentials = new Map<string, Credential>();
  const reserved = new Set<string>();
  // Compared against for unknown names, so that the time taken does not tell which names exist.
  const nobody: Credential = { salt: randomBytes(16), hash: randomBytes(HASH_BYTES) };
  let pending = 0;

  async function hashed(password: string, salt: Buffer): Promise<Buffer | null> {
    if (pending >= MAX_PENDING) return null;
    pending += 1;
    try {
      return await derive(password, salt);
    } finally {
      pending -= 1;
    }
  }

  return {
    has: (name) => credentials.has(name),

    async register(name, password) {
      if (credentials.has(name) || reserved.has(name)) return 'taken';
      if (credentials.size + reserved.size >= max) return 'full';
      // Two registrations of one name at once: the first one wins, not the faster one.
      reserved.add(name);
      try {
        const salt = randomBytes(16);
        const hash = await hashed(password, salt);
        if (hash === null) return 'busy';
        credentials.set(name, { salt, hash });
        return 'registered';
      } finally {
        reserved.delete(name);
      }
    },

    async verify(name, password) {
      const credential = credentials.get(name);
      const { salt, hash } = credential ?? nobody;
      const derived = await hashed(password, salt);
      if (derived === null) return 'busy';
      return timingSafeEqual(derived, hash) && credential !== undefined ? 'right' : 'wrong';
    },
  };
}

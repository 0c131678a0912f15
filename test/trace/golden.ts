import type { Facts, Verdicts } from '../../src/trace/grade.ts';
import type { Candidate, Link } from '../../src/trace/grade.ts';
import type { IpAddress, Port } from '../../src/model/address.ts';
import type { Subject } from '../../src/model/accounts.ts';
import type { Gap } from '../../src/model/records.ts';
import type { Interval, Millis } from '../../src/model/time.ts';

/** Times in these cases are seconds on a small scale; the question asks for second 100, the clock's error is 1 s. */
const at = (seconds: number): Millis => (seconds * 1000) as Millis;
const WINDOW = { from: at(99), to: at(101) };
const ANNA = 'aaaaaaaaaaaaaaaa' as Subject;
const BERT = 'bbbbbbbbbbbbbbbb' as Subject;

interface Changes extends Partial<Candidate> {
  readonly port?: number | null;
  readonly address?: string;
  readonly interval?: Interval;
  readonly subjects?: readonly Subject[];
}

const linkOf = (source: string, interval: Interval = { from: at(50), to: at(200) }): Link => ({
  source,
  interval,
  window: WINDOW,
});

/** A contact. */
function candidate(changes: Changes = {}): Candidate {
  const { port = 40_001, address = '113.66.1.1', interval, subjects = [ANNA], ...rest } = changes;
  return {
    endpoint: { address: address as IpAddress, port: port as Port | null },
    realm: '',
    portRecorded: port !== null,
    links: [linkOf('gateway', interval)],
    verdict: 'direct',
    accounts: subjects,
    subscriber: null,
    ...rest,
  };
}

/** A translation that the gateway saw nothing of, and the lease of its inside address. */
const translated = (address: string, changes: Changes = {}): Candidate =>
  candidate({
    address,
    subjects: [],
    verdict: null,
    links: [linkOf('nat', changes.interval)],
    subscriber: { subject: BERT, link: linkOf('aaa', { from: at(10), to: null }) },
    ...changes,
  });

const gap = (from: number, to: number, reason: Gap['reason'] = 'not-running', source = 'gateway'): Gap => ({
  source,
  from: at(from),
  to: at(to),
  reason,
});

function facts(changes: Partial<Facts>): Facts {
  const candidates = changes.candidates ?? [];
  return {
    asked: { from: at(100), to: at(100) },
    candidates,
    total: candidates.length,
    gaps: [],
    leaseGaps: [],
    retainedFrom: null,
    portMissing: false,
    unshared: false,
    sharedEgress: false,
    ...changes,
  };
}

export interface GoldenCase {
  readonly name: string;
  readonly facts: Facts;
  readonly verdicts: Verdicts;
}

const is = (
  grade: Verdicts['grade'],
  subjectGrade: Verdicts['subjectGrade'],
  ...reasons: Verdicts['reasons'][number][]
): Verdicts => ({ grade, subjectGrade, reasons });

/** The lines of R5's table, each with the cases at its edges. */
export const GOLDEN: readonly GoldenCase[] = [
  {
    name: 'before retention',
    facts: facts({ retainedFrom: at(150) }),
    verdicts: is('outside-retention', 'none', 'before-retention'),
  },
  {
    name: 'before retention, though something is found',
    facts: facts({ retainedFrom: at(150), candidates: [candidate()] }),
    verdicts: is('outside-retention', 'none', 'before-retention'),
  },
  {
    name: 'the edge of retention lies in the asked time, nothing found',
    facts: facts({ asked: { from: at(90), to: at(110) }, retainedFrom: at(100) }),
    verdicts: is('outside-retention', 'none', 'before-retention'),
  },
  {
    name: 'retention ends before the asked time',
    facts: facts({ retainedFrom: at(60), candidates: [candidate()] }),
    verdicts: is('exact', 'exact'),
  },

  {
    name: 'one candidate with an end after the window',
    facts: facts({ candidates: [candidate()] }),
    verdicts: is('exact', 'exact'),
  },
  {
    name: 'one candidate, still open, no gap',
    facts: facts({ candidates: [candidate({ interval: { from: at(50), to: null } })] }),
    verdicts: is('exact', 'exact'),
  },
  {
    name: 'one anonymous candidate',
    facts: facts({ candidates: [candidate({ subjects: [] })] }),
    verdicts: is('exact', 'none'),
  },
  {
    name: 'a proxy told the address',
    facts: facts({ candidates: [candidate({ verdict: 'forwarded' })] }),
    verdicts: is('exact', 'exact'),
  },

  {
    name: 'two endpoints',
    facts: facts({ candidates: [candidate(), candidate({ address: '113.66.1.2', subjects: [BERT] })] }),
    verdicts: is('ambiguous', 'ambiguous', 'several-endpoints', 'several-subjects'),
  },
  {
    name: 'two endpoints of one subject',
    facts: facts({ candidates: [candidate(), candidate({ port: 40_002 })] }),
    verdicts: is('ambiguous', 'ambiguous', 'several-endpoints'),
  },
  {
    name: 'one endpoint reused by another account within the error',
    facts: facts({
      candidates: [
        candidate({ interval: { from: at(50), to: at(100) } }),
        candidate({ interval: { from: at(100.5), to: null }, subjects: [BERT] }),
      ],
    }),
    verdicts: is('exact', 'ambiguous', 'several-subjects'),
  },
  {
    name: 'two accounts on one connection',
    facts: facts({ candidates: [candidate({ subjects: [ANNA, BERT] })] }),
    verdicts: is('exact', 'ambiguous', 'several-subjects'),
  },
  {
    name: 'one endpoint, one contact with and one without an account',
    facts: facts({ candidates: [candidate(), candidate({ subjects: [] })] }),
    verdicts: is('exact', 'ambiguous', 'unnamed-contact'),
  },
  {
    name: 'more than can be listed',
    facts: facts({ candidates: [candidate()], total: 5000 }),
    verdicts: is('ambiguous', 'ambiguous', 'too-many-to-list'),
  },

  {
    name: 'no port asked, one candidate',
    facts: facts({ portMissing: true, candidates: [candidate()] }),
    verdicts: is('ambiguous', 'ambiguous', 'no-port'),
  },
  {
    name: 'no port asked of an address declared unshared',
    facts: facts({ portMissing: true, unshared: true, candidates: [candidate()] }),
    verdicts: is('exact', 'exact'),
  },
  {
    name: 'a port asked, none recorded',
    facts: facts({ candidates: [candidate({ port: null, verdict: 'forwarded' })] }),
    verdicts: is('ambiguous', 'ambiguous', 'port-not-recorded'),
  },

  {
    name: 'an unverified address',
    facts: facts({ candidates: [candidate({ verdict: 'unverified' })] }),
    verdicts: is('ambiguous', 'ambiguous', 'unverified-address'),
  },
  {
    name: 'a client whose records are aggregated',
    facts: facts({ candidates: [candidate({ verdict: 'aggregated', port: null, subjects: [] })] }),
    verdicts: is('ambiguous', 'none', 'port-not-recorded', 'aggregated-records'),
  },
  {
    name: 'a client whose records are aggregated, at an address declared unshared',
    facts: facts({ unshared: true, candidates: [candidate({ verdict: 'aggregated', port: null })] }),
    verdicts: is('ambiguous', 'ambiguous', 'aggregated-records'),
  },
  {
    name: 'a shared gateway-side endpoint',
    facts: facts({ sharedEgress: true, candidates: [candidate()] }),
    verdicts: is('ambiguous', 'ambiguous', 'shared-egress'),
  },
  {
    name: 'a gap between its start and the window, end unknown',
    facts: facts({ candidates: [candidate({ interval: { from: at(50), to: null } })], gaps: [gap(60, 70)] }),
    verdicts: is('ambiguous', 'ambiguous', 'gap-in-between'),
  },
  {
    name: 'a gap between its start and the window, but its end is known',
    facts: facts({ candidates: [candidate()], gaps: [gap(60, 70)] }),
    verdicts: is('exact', 'exact'),
  },
  {
    name: 'it may have begun before the window, or after: that was lost',
    facts: facts({ candidates: [candidate({ interval: { from: at(150), to: at(200) } })] }),
    verdicts: is('ambiguous', 'ambiguous', 'gap-in-between'),
  },
  {
    name: 'nobody is named, and an access server was not heard',
    facts: facts({
      candidates: [candidate({ subjects: [] })],
      leaseGaps: [gap(90, 110, 'not-running', 'aaa')],
    }),
    verdicts: is('exact', 'none', 'lease-gap'),
  },
  {
    name: 'a gap before its start',
    facts: facts({ candidates: [candidate({ interval: { from: at(80), to: null } })], gaps: [gap(60, 70)] }),
    verdicts: is('exact', 'exact'),
  },
  {
    name: 'its end lies in the window and a gap in between',
    facts: facts({
      candidates: [candidate({ interval: { from: at(50), to: at(100) } })],
      gaps: [gap(60, 70)],
    }),
    verdicts: is('ambiguous', 'ambiguous', 'gap-in-between'),
  },
  {
    name: 'several reasons are all told',
    facts: facts({
      portMissing: true,
      candidates: [candidate({ verdict: 'unverified', subjects: [ANNA, BERT] })],
    }),
    verdicts: is('ambiguous', 'ambiguous', 'no-port', 'unverified-address', 'several-subjects'),
  },

  {
    name: 'nothing, the recorder was down',
    facts: facts({ gaps: [gap(90, 110)] }),
    verdicts: is('gap', 'none', 'recorder-not-running'),
  },
  {
    name: 'nothing, the recorder had crashed',
    facts: facts({ gaps: [gap(90, 110, 'crash')] }),
    verdicts: is('gap', 'none', 'recorder-crashed'),
  },
  {
    name: 'nothing, the day was damaged',
    facts: facts({ gaps: [gap(0, 200, 'damaged-partition')] }),
    verdicts: is('gap', 'none', 'damaged-partition'),
  },
  {
    name: 'nothing, and the time has not come yet',
    facts: facts({ gaps: [gap(99.5, 300, 'not-yet')] }),
    verdicts: is('gap', 'none', 'time-in-the-future'),
  },
  {
    name: 'nothing, a gap beside the asked time',
    facts: facts({ gaps: [gap(50, 99.5), gap(100.5, 110)] }),
    verdicts: is('none', 'none'),
  },
  { name: 'nothing', facts: facts({}), verdicts: is('none', 'none') },

  {
    name: 'a port block and the lease of its inside address',
    facts: facts({ candidates: [translated('10.0.0.5', { port: null, portRecorded: true })] }),
    verdicts: is('exact', 'exact'),
  },
  {
    name: 'block edge: the port was given to another within the clock error',
    facts: facts({
      candidates: [
        translated('10.0.0.5', { interval: { from: at(0), to: at(100) } }),
        translated('10.0.0.6', {
          interval: { from: at(100), to: null },
          subscriber: { subject: ANNA, link: linkOf('aaa') },
        }),
      ],
    }),
    verdicts: is('ambiguous', 'ambiguous', 'several-endpoints', 'several-subjects'),
  },
  {
    name: 'a translation without ports',
    facts: facts({ candidates: [translated('10.0.0.5', { portRecorded: false })] }),
    verdicts: is('ambiguous', 'ambiguous', 'port-not-recorded'),
  },
  {
    name: 'one outside port towards two remotes',
    facts: facts({ candidates: [translated('10.0.0.5'), translated('10.0.0.6')] }),
    verdicts: is('ambiguous', 'ambiguous', 'several-endpoints'),
  },
  {
    name: 'a block and a session out of it lead to one endpoint',
    facts: facts({
      candidates: [
        translated('10.0.0.5', { endpoint: { address: '10.0.0.5' as IpAddress, port: null } }),
        translated('10.0.0.5'),
      ],
    }),
    verdicts: is('exact', 'exact'),
  },
  {
    name: 'a block of another inside, or of the same in another realm, is another endpoint',
    facts: facts({
      candidates: [
        translated('10.0.0.5', {
          endpoint: { address: '10.0.0.5' as IpAddress, port: null },
          realm: 'vrf:2',
        }),
        translated('10.0.0.5'),
      ],
    }),
    verdicts: is('ambiguous', 'ambiguous', 'several-endpoints'),
  },
  {
    name: 'a missing delete: still open, nothing lost since',
    facts: facts({ candidates: [translated('10.0.0.5', { interval: { from: at(0), to: null } })] }),
    verdicts: is('exact', 'exact'),
  },
  {
    name: 'a missing delete, and records were lost since',
    facts: facts({
      candidates: [translated('10.0.0.5', { interval: { from: at(0), to: null } })],
      gaps: [gap(60, 61, 'lost', 'nat')],
    }),
    verdicts: is('ambiguous', 'ambiguous', 'gap-in-between'),
  },
  {
    name: 'another source was silent meanwhile',
    facts: facts({
      candidates: [translated('10.0.0.5', { interval: { from: at(0), to: null } })],
      gaps: [gap(60, 61, 'lost', 'another'), gap(60, 61, 'not-running', 'gateway')],
    }),
    verdicts: is('exact', 'exact'),
  },
  {
    name: 'an account and a subscriber are one of each',
    facts: facts({
      candidates: [translated('10.0.0.5', { subjects: [ANNA], verdict: 'direct' })],
    }),
    verdicts: is('exact', 'exact'),
  },
  {
    name: 'nobody holds the inside address',
    facts: facts({ candidates: [translated('10.0.0.5', { subscriber: null })] }),
    verdicts: is('exact', 'none'),
  },
  {
    name: 'two ways to one inside endpoint, one without a lease',
    facts: facts({ candidates: [translated('10.0.0.5'), translated('10.0.0.5', { subscriber: null })] }),
    verdicts: is('exact', 'ambiguous', 'no-lease'),
  },
  {
    name: 'the access server was away between the start of the lease and the window',
    facts: facts({ candidates: [translated('10.0.0.5')], gaps: [gap(20, 30, 'crash', 'aaa')] }),
    verdicts: is('exact', 'ambiguous', 'lease-gap'),
  },
  {
    name: 'nothing, and an exporter lost records',
    facts: facts({ gaps: [gap(90, 110, 'lost', 'nat')] }),
    verdicts: is('gap', 'none', 'records-lost'),
  },
  {
    name: 'nothing, and an exporter was silent',
    facts: facts({ gaps: [gap(90, 110, 'silent', 'nat')] }),
    verdicts: is('gap', 'none', 'source-silent'),
  },
];

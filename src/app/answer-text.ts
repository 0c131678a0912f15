/** What of an answer the terminal shows. */
export interface ShownAnswer {
  readonly question: { readonly [key: string]: unknown };
  readonly grade: string;
  readonly subjectGrade: string;
  readonly reasons: readonly string[];
  readonly count: number;
  readonly candidates: readonly {
    readonly subject: string | null;
    readonly from: string;
    readonly to: string | null;
    readonly clockErrorMs: number;
    readonly clockMeasured: boolean;
    readonly binding: { readonly site: string; readonly learned: string } | null;
    readonly hops: readonly ShownHop[];
  }[];
}

interface ShownHop {
  readonly kind: string;
  readonly outside: {
    readonly address: string;
    readonly portLow: number | null;
    readonly portHigh: number | null;
  };
  readonly inside: { readonly address: string; readonly port: number | null };
  readonly source: string;
  readonly from: string;
  readonly to: string | null;
  readonly subject?: string | null;
  readonly line?: string | null;
  readonly verdict?: string;
  readonly listener?: string;
}

const host = (address: string): string => (address.includes(':') ? `[${address}]` : address);

const endpoint = (address: string, low: number | null, high: number | null = low): string => {
  if (low === null) return `${address} port not known`;
  return low === high ? `${host(address)}:${low}` : `${host(address)}:${low}-${high}`;
};

/** An answer for people: the grades first, then each candidate with its hops from the outside to the inside. */
export function answerText(answer: ShownAnswer): string {
  const asked = Object.entries(answer.question).map(
    ([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const lines = [
    `question: ${asked.join(', ')}`,
    `grade: ${answer.grade}, subjectGrade: ${answer.subjectGrade}`,
    ...(answer.reasons.length === 0 ? [] : [`reasons: ${answer.reasons.join(', ')}`]),
    `candidates: ${answer.count}`,
  ];
  for (const { subject, binding, hops, ...candidate } of answer.candidates) {
    const account = binding === null ? '' : ` at ${binding.site} (learned from ${binding.learned})`;
    const who = subject === null ? 'nobody named' : `subject ${subject}${account}`;
    lines.push(
      `  ${who}, ${candidate.from} to ${candidate.to ?? 'now'}, clock error ${candidate.clockErrorMs} ms ${candidate.clockMeasured ? 'measured' : 'assumed'}`,
      ...hops.map((hop) => `    ${hopText(hop)}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

function hopText({ kind, outside, inside, source, from, to, ...hop }: ShownHop): string {
  const way =
    kind === 'lease'
      ? `${outside.address} held`
      : `${endpoint(outside.address, outside.portLow, outside.portHigh)} -> ${endpoint(inside.address, inside.port)}`;
  const more = [
    hop.verdict,
    hop.listener === undefined ? undefined : `listener ${hop.listener}`,
    typeof hop.subject === 'string' ? `subject ${hop.subject}` : undefined,
    typeof hop.line === 'string' ? `line ${hop.line}` : undefined,
    `${from} to ${to ?? 'now'}`,
  ].filter((part) => part !== undefined);
  return `${kind} (${source}): ${way}, ${more.join(', ')}`;
}

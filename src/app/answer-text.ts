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
    readonly binding: {
      readonly site: string;
      readonly learned: string;
      readonly sessionSince: string | null;
    } | null;
    readonly hops: readonly {
      readonly kind: string;
      readonly inside: { readonly address: string; readonly port: number | null };
      readonly verdict?: string;
      readonly listener?: string;
    }[];
  }[];
}

const port = (value: number | null): string => (value === null ? 'port not known' : `port ${value}`);

/** An answer for people: the grades first, then each candidate. */
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
  for (const candidate of answer.candidates) {
    const { binding } = candidate;
    const who =
      candidate.subject === null
        ? 'nobody named'
        : `subject ${candidate.subject} at ${binding?.site ?? '?'} (learned from ${binding?.learned ?? '?'})`;
    lines.push(
      `  ${who}, ${candidate.from} to ${candidate.to ?? 'now'}, clock error ${candidate.clockErrorMs} ms ${candidate.clockMeasured ? 'measured' : 'assumed'}`,
    );
    for (const hop of candidate.hops)
      lines.push(
        `    ${hop.kind}: ${hop.inside.address} ${port(hop.inside.port)}${hop.verdict === undefined ? '' : `, ${hop.verdict}`}${hop.listener === undefined ? '' : `, listener ${hop.listener}`}`,
      );
  }
  return `${lines.join('\n')}\n`;
}

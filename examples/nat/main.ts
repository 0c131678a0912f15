/**
 * `npm run demo:nat`: builds a network with a NAT, runs the gateway with what the NAT and an access server tell, lets two
 * visitors log in, and traces both. Needs root, and Debian's iproute2, iptables, conntrack and freeradius-utils.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNatStory, type NatStory } from './story.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const directory = mkdtempSync(join(tmpdir(), 'shudi-nat-'));

interface Shown {
  readonly grade: string;
  readonly subjectGrade: string;
  readonly candidates: readonly {
    readonly hops: readonly {
      readonly kind: string;
      readonly source: string;
      readonly from: string;
      readonly outside: { readonly address: string; readonly portLow: number | null };
      readonly inside: { readonly address: string; readonly port: number | null };
      readonly subject?: string | null;
    }[];
  }[];
}

const endpoint = (address: string, port: number | null): string =>
  port === null ? address : `${address}:${port}`;

/** Asks, and shows question and answer. @returns the public endpoint that the gateway saw */
async function ask({ shudi }: NatStory, ...question: readonly string[]): Promise<readonly string[]> {
  say(`\n$ shudi trace ${question.join(' ')}`);
  const answer = (await shudi('trace', ...question)) as Shown;
  say(`grade ${answer.grade}, subjectGrade ${answer.subjectGrade}`);
  const hops = answer.candidates.flatMap((candidate) => candidate.hops);
  for (const { kind, source, from, outside, inside, subject } of hops)
    say(
      `  ${kind.padEnd(11)} ${endpoint(outside.address, outside.portLow)} -> ${endpoint(inside.address, inside.port)}  (${source}, since ${from})${typeof subject === 'string' ? `  ${subject}` : ''}`,
    );
  const seen = hops.find(({ kind }) => kind === 'contact')?.inside;
  return seen === undefined ? [] : ['--outside', seen.address, '--port', `${seen.port}`];
}

async function tell(story: NatStory): Promise<void> {
  for (const { account, subscriber, egress, at } of story.visits) {
    const seen = await ask(story, '--egress', egress.address, '--port', `${egress.port}`, '--at', at);
    if (seen.length > 0) await ask(story, ...seen, '--at', at);
    say(`  (this was ${account}, whose line is ${subscriber}: only a grant opens that)`);
  }
}

try {
  const story = await runNatStory(directory, say);
  try {
    await tell(story);
  } finally {
    await story.close();
  }
} catch (error) {
  process.stderr.write(
    `The demonstration could not be run: ${error instanceof Error ? error.message : 'unknown'}\nIt needs root, and Debian's iproute2, iptables, conntrack and freeradius-utils.\n`,
  );
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADDRESSES } from '../../examples/nat/network.ts';
import { runNatStory, type NatStory, type Visit } from '../../examples/nat/story.ts';
import { disclosedNames } from './disclosed.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { hasTool } from '../support/tools.ts';

interface Hop {
  readonly kind: string;
  readonly outside: { readonly address: string; readonly portLow: number | null };
  readonly inside: { readonly address: string; readonly port: number | null };
  readonly source: string;
  readonly subject?: string | null;
}

interface Answer {
  readonly grade: string;
  readonly subjectGrade: string;
  readonly reasons: readonly string[];
  readonly candidates: readonly { readonly subject: string | null; readonly hops: readonly Hop[] }[];
}

const root = temporaryDirectory();
const TOOLS = ['ip', 'iptables', 'conntrack', 'radclient'] as const;
// Network namespaces are root's; in CI, where each tool is there, it is never left out.
const able = TOOLS.every(hasTool) && (process.getuid?.() === 0 || process.env['CI'] !== undefined);

describe.runIf(able)('behind a Linux NAT', () => {
  let story: NatStory;
  const directory = mkdtempSync(join(root, 'd-'));
  beforeAll(async () => {
    story = await runNatStory(directory, () => undefined);
  }, 60_000);
  afterAll(() => story.close());

  const byGatewaySide = async ({ egress, at }: Visit): Promise<Answer> =>
    (await story.shudi(
      'trace',
      '--egress',
      egress.address,
      '--port',
      `${egress.port}`,
      '--at',
      at,
    )) as Answer;
  const byPublic = async (visit: Visit): Promise<Answer> => {
    const { candidates } = await byGatewaySide(visit);
    const { address, port } = candidates[0]?.hops[0]?.inside ?? { address: '', port: null };
    expect(address).toBe(ADDRESSES.nat);
    return (await story.shudi(
      'trace',
      '--outside',
      address,
      '--port',
      `${port}`,
      '--proto',
      'tcp',
      '--at',
      visit.at,
    )) as Answer;
  };

  it('both visitors came from one address; their ports differ though theirs were the same', async () => {
    const ports = new Set<unknown>();
    for (const visit of story.visits) {
      const { candidates } = await byGatewaySide(visit);
      ports.add(candidates[0]?.hops[0]?.inside.port);
      expect(candidates[0]?.hops[1]?.inside).toEqual({ address: visit.inside, port: 40_000 });
    }
    expect(ports.size).toBe(2);
  });

  for (const [kind, ask] of [
    ['public endpoint', byPublic],
    ['gateway-side endpoint', byGatewaySide],
  ] as const)
    it(`the ${kind} leads to the inside address, the subscriber and the account`, async () => {
      for (const visit of story.visits) {
        const answer = await ask(visit);
        expect(answer).toMatchObject({ grade: 'exact', subjectGrade: 'exact', reasons: [] });
        expect(answer.candidates).toHaveLength(1);
        const hops = answer.candidates[0]?.hops ?? [];
        expect(hops.map((hop) => [hop.kind, hop.source])).toEqual([
          ['contact', 'gateway'],
          ['translation', 'home-nat'],
          ['lease', 'isp'],
        ]);
        expect(hops[1]).toMatchObject({
          outside: { address: ADDRESSES.nat },
          inside: { address: visit.inside, port: 40_000 },
        });
        expect(hops[2]?.inside.address).toBe(visit.inside);
      }
    });

  it('the inside endpoint leads back to it', async () => {
    for (const visit of story.visits) {
      const inside = (await story.shudi(
        'trace',
        '--inside',
        visit.inside,
        '--port',
        '40000',
        '--at',
        visit.at,
      )) as Answer;
      expect(inside).toMatchObject({ grade: 'exact', subjectGrade: 'exact' });
      expect(inside.candidates[0]?.hops.map((hop) => hop.kind)).toEqual(['contact', 'translation', 'lease']);
    }
  });

  it('behind the handles are the right account and subscriber', async () => {
    for (const visit of story.visits)
      expect(await disclosedNames(join(directory, 'data'), visit)).toEqual([
        { site: 'forum', account: visit.account },
        { site: 'isp', account: visit.subscriber },
      ]);
  });

  it('what was recorded verifies', async () => {
    expect(await story.shudi('verify')).toMatchObject({ ok: true });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, IDLE, openWorld, type Reply, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld({ status: () => ({ ...IDLE, claimedClients: 3 }) });
});
afterAll(() => world.close());

describe('the audit', () => {
  it('shows the supervisor every entry, page by page', async () => {
    await ask(world, [{ outside: '203.0.113.7', port: 1, at: '2026-11-22T00:00:00Z' }]);
    const all = await world.journal.entries(0, 1000);
    const seen: number[] = [];
    for (let after: number | null = 0; after !== null;) {
      const page: Reply = await world.call(
        world.tokens.supervisor,
        'GET',
        `/v1/audit?after=${after}&limit=2`,
      );
      seen.push(...page.json.entries.map(({ seq }) => seq));
      after = page.json.next;
    }
    expect(seen).toEqual(all.map(({ seq }) => seq));
    const whole = await world.call(world.tokens.supervisor, 'GET', '/v1/audit?limit=999999');
    expect(whole.json.entries.map(({ kind }) => kind)).toEqual(all.map(({ kind }) => kind));
    expect(whole.text).not.toContain('shudi_');
  });
});

describe('the status', () => {
  it('is what the machine says of itself', async () => {
    expect((await world.call(world.tokens.operator, 'GET', '/v1/status')).json).toEqual({
      ...IDLE,
      claimedClients: 3,
      collectors: null,
    });
  });
});

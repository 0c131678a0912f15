import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Log } from '../../src/platform/log.ts';
import { ALICE, openWorld, POLICE, type World } from './support.ts';

const lines: string[] = [];
const write = (event: string, fields: object = {}): void =>
  void lines.push(JSON.stringify({ event, ...fields }));
const log: Log = { info: write, warn: write, error: write };
const RUNS = process.env['SHUDI_LONG'] === '1' ? 5000 : 250;

let world: World;
beforeAll(async () => {
  world = await openWorld({ log });
  await world.record([ALICE]);
});
afterAll(() => world.close());

/** Whatever is sent: an answer that fits the table, or a problem document with a code; never a fault, never a stack. */
async function probe(who: keyof World['tokens'], method: string, path: string, body?: string): Promise<void> {
  const reply = await world.call(world.tokens[who], method, path, body);
  expect(reply.status, `${method} ${path} ${body} ${reply.text}`).toBeLessThan(500);
  expect(reply.text).not.toMatch(/\.ts\b|node_modules|node:|\bat [A-Za-z.]+ \(/);
  if (reply.status >= 400 && reply.status !== 422) expect(reply.json.code).toMatch(/^[a-z]+\.[a-z-]+$/);
}

const BODIES: { readonly [route: string]: object } = {
  'POST /v1/events': {
    events: [{ type: 'login', account: 'alice', requestId: 'x', at: '2026-11-22T00:00:00Z' }],
  },
  'POST /v1/badges': { ids: ['alice'] },
  'POST /v1/trace': {
    outside: '203.0.113.7',
    port: 4711,
    at: '2026-11-22T00:00:00Z',
    tolerance: '2s',
    remote: '1.2.3.4:5',
  },
  'POST /v1/cases': POLICE,
  'POST /v1/requests': {
    case: 'c-0000000000000000',
    reason: 'x',
    questions: [{ account: 'a', site: 'forum', from: '2026-11-22T00:00:00Z', to: '2026-11-22T00:00:00Z' }],
    ambiguous: { upTo: 2 },
  },
  'PUT /v1/requests/{id}': { reason: 'x', questions: [{ requestId: 'x' }] },
  'POST /v1/requests/{id}/approve': { digest: '0'.repeat(64) },
  'POST /v1/requests/{id}/execute': {},
  'POST /v1/people': { name: 'Nina', roles: ['approver'], tokenHash: '0'.repeat(64) },
  'POST /v1/people/{id}/confirm': {},
};

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom<unknown>(
    '\ud800',
    '',
    ' ',
    'x'.repeat(5000),
    -1,
    Number.MAX_VALUE,
    2 ** 60,
    null,
    [],
    {},
    '9999-99-99T99:99:99Z',
    '::',
    '0',
  ),
);

/** A good body with something in it replaced, added or left out. */
function mutated(good: object): fc.Arbitrary<unknown> {
  const paths: (readonly string[])[] = [];
  const walk = (value: unknown, path: readonly string[]): void => {
    paths.push(path);
    if (typeof value === 'object' && value !== null)
      for (const [key, item] of Object.entries(value)) walk(item, [...path, key]);
  };
  walk(good, []);
  return fc
    .tuple(
      fc.constantFrom(...paths),
      fc.constantFrom('replace', 'add', 'drop'),
      odd,
      fc.string({ maxLength: 20 }),
    )
    .map(([path, how, value, name]) => {
      const copy = { root: structuredClone(good) as unknown };
      let at = copy as { [key: string]: unknown };
      for (const key of ['root', ...path].slice(0, -1)) at = at[key] as { [key: string]: unknown };
      const last = ['root', ...path].at(-1) ?? 'root';
      const target = at[last];
      if (how === 'replace') at[last] = value;
      else if (how === 'drop') delete at[last];
      // The length of an array takes no odd value.
      else if (typeof target === 'object' && target !== null && !(Array.isArray(target) && name === 'length'))
        Object.defineProperty(target, name, { value, enumerable: true });
      return copy.root;
    });
}

describe('whatever is sent', () => {
  it('to a route as a body is answered or refused', async () => {
    expect(
      world.routes
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    ).toEqual(Object.keys(BODIES).sort());
    const cases = fc
      .constantFrom(...Object.entries(BODIES))
      .chain(([route, good]) =>
        fc.tuple(
          fc.constant(route),
          fc.oneof({ weight: 3, arbitrary: mutated(good) }, { weight: 1, arbitrary: odd }),
        ),
      );
    await fc.assert(
      fc.asyncProperty(cases, async ([route, body]) => {
        const [method = '', path = ''] = route.split(' ');
        const access = world.routes.find((item) => item.method === method && item.path === path)?.access;
        const who =
          access === 'site'
            ? 'site'
            : path.endsWith('approve') || path.endsWith('confirm')
              ? 'approver'
              : 'requester';
        const id = path.includes('people') ? 'p-0000000000000000' : 'r-0000000000000000';
        await probe(who, method, path.replace('{id}', id), JSON.stringify(body) ?? '');
      }),
      { numRuns: RUNS * 3 },
    );
  });

  it('as bytes that are no JSON is refused', async () => {
    const deep = [
      '['.repeat(100_000),
      `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
      `{"kind":"emergency","fields":${'[['.repeat(20_000)}${']]'.repeat(20_000)}}`,
    ];
    for (const body of deep) await probe('requester', 'POST', '/v1/cases', body);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), (body) =>
        probe('requester', 'POST', '/v1/cases', body),
      ),
      { numRuns: RUNS },
    );
  });

  it('as a path or a query is answered or refused', async () => {
    const segment = fc.oneof(
      fc.webPath(),
      fc.constantFrom('/v1/requests/', '/v1/accounts/', '/v1/people/', '/v1/cases/', '/v1/audit?'),
    );
    const tail = fc.oneof(
      fc.webQueryParameters(),
      fc.string({ maxLength: 60 }).map(encodeURIComponent),
      fc.constantFrom('%', '%ff', '%00', '..%2f', 'x'.repeat(3000)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('requester', 'supervisor', 'site') as fc.Arbitrary<'site'>,
        segment,
        tail,
        (who, path, end) => probe(who, 'GET', `/${`${path}${end}`.replace(/^\/+/, '')}`),
      ),
      { numRuns: RUNS },
    );
  });

  it('leaves no address, account or token in the log', () => {
    expect(lines.filter((line) => /control\.problem/.test(line))).toEqual([]);
    expect(lines.join('\n')).not.toMatch(/203\.0\.113|alice|shudi_/);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configOf } from '../../src/app/config.ts';
import { parseConfig } from '../../src/app/config-file.ts';
import { SECURITY_KINDS } from '../../src/gateway/guard/security-events.ts';

const read = (page: string): string => readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');

interface Block {
  readonly page: string;
  readonly line: number;
  readonly whole: boolean;
  readonly text: string;
}

function blocksOf(page: string): Block[] {
  const text = read(page);
  return [...text.matchAll(/^```yaml( whole)?\n(.*?)^```$/gms)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    whole: match[1] !== undefined,
    text: match[2] ?? '',
  }));
}

const BASE: unknown = parse(`sites: [{ name: community }]
gateway:
  listeners: [{ name: public, port: 8080 }]
  routes: [{ site: community, upstream: "http://127.0.0.1:3000", identity: { mode: none } }]
`);

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A piece laid over a base: sections are joined, lists and values replaced. */
function laidOver(base: unknown, piece: unknown): unknown {
  if (!isMap(base) || !isMap(piece)) return piece;
  const joined = { ...base };
  for (const [key, value] of Object.entries(piece)) joined[key] = laidOver(base[key], value);
  return joined;
}

const blocks = [...blocksOf('gateway.md'), ...blocksOf('from-nginx.md')];

describe('the examples of the gateway’s pages', () => {
  it('are found, whole ones on both pages', () => {
    expect(blocks.length).toBeGreaterThan(12);
    expect(new Set(blocks.filter(({ whole }) => whole).map(({ page }) => page))).toEqual(
      new Set(['gateway.md', 'from-nginx.md']),
    );
  });

  it.each(blocks.filter(({ whole }) => whole))('$page:$line is a configuration', ({ text }) => {
    expect(configOf(parseConfig(text, 'shudi.yaml'), '/etc/shudi').gateway.routes).not.toEqual([]);
  });

  it.each(blocks.filter(({ whole }) => !whole))('$page:$line is a piece of one', ({ text }) => {
    const whole = JSON.stringify(laidOver(BASE, parse(text)));
    expect(configOf(parseConfig(whole, 'shudi.yaml'), '/etc/shudi').gateway.routes).not.toEqual([]);
  });
});

describe('docs/gateway.md', () => {
  const page = read('gateway.md');

  it('shows every limit and timeout with its default', () => {
    const { limits, timeouts } = parseConfig(JSON.stringify(BASE), 'shudi.yaml').raw.gateway;
    const shown = blocksOf('gateway.md').map(({ text }): unknown => parse(text));
    const whole = shown.reduce(laidOver, {});
    expect(whole).toMatchObject({ gateway: { limits, timeouts } });
  });

  it.each([
    'certificates',
    'minVersion',
    'proxyProtocol',
    'trustedProxies',
    'egress',
    'bodyBytes',
    'upgrades',
    'refuseUnderscores',
    'introspect',
    'workers',
    'diskReserve',
  ])('tells of %s', (key) => {
    expect(page).toContain(key);
  });

  it('explains every kind of security event, and no other', () => {
    const table = page.slice(page.indexOf('## Security events'), page.indexOf('## Workers'));
    const kinds = [...table.matchAll(/^\| `([a-z-]+)` /gm)].map((match) => match[1]);
    expect(kinds).toEqual([...SECURITY_KINDS]);
  });

  it('leads somewhere with every link, as does its companion', () => {
    for (const name of ['gateway.md', 'from-nginx.md'])
      for (const [, target = ''] of read(name).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g))
        expect(() => readFileSync(new URL(`../../docs/${target}`, import.meta.url)), target).not.toThrow(
          /ENOENT/,
        );
  });
});

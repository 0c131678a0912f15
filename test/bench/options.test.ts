import { expect, test } from 'vitest';
import { benchOptions, UsageError } from '../../bench/options.ts';

test('a run of everything at full length is kept, a shorter or partial one is not', () => {
  expect(benchOptions([])).toMatchObject({ mode: 'loads', rounds: 5, seconds: 8, quick: false, full: true });
  expect(benchOptions(['--quick'])).toMatchObject({ rounds: 1, quick: true, full: false });
  expect(benchOptions(['--only', 'nginx'])).toMatchObject({ full: false });
  expect(benchOptions(['--load', 'idle,tunnel'])).toMatchObject({ full: false });
  expect(benchOptions(['--seconds', '7'])).toMatchObject({ full: false });
});

test('collectors of full length are kept, any other run is not', () => {
  expect(benchOptions(['collectors'])).toMatchObject({
    mode: 'collectors',
    rounds: 3,
    seconds: 20,
    rates: [50_000, 100_000],
    full: true,
  });
  expect(benchOptions(['collectors', '--quick'])).toMatchObject({ rounds: 1, full: false });
  expect(benchOptions(['collectors', '--seconds', '5'])).toMatchObject({ full: false });
  expect(() => benchOptions(['collectors', '--only', 'nginx'])).toThrow('collectors takes');
});

test('a soak of 600 s of the gateway is kept, any other is not', () => {
  expect(benchOptions(['soak'])).toMatchObject({ mode: 'soak', seconds: 600, full: true });
  expect(benchOptions(['soak', '--seconds', '30'])).toMatchObject({ seconds: 30, full: false });
  expect(benchOptions(['soak', '--only', 'nginx'])).toMatchObject({ full: false });
});

test.each([
  ['an unknown mode', ['bake']],
  ['a second word', ['soak', 'more']],
  ['an unknown flag', ['--fast']],
  ['an unknown target', ['--only', 'apache']],
  ['an unknown load', ['--load', 'nap']],
  ['no number', ['--seconds', 'many']],
  ['no rounds', ['--rounds', '0']],
  ['a soak of two', ['soak', '--only', 'nginx,shudi']],
  ['a quick soak', ['soak', '--quick']],
  ['a soak with rounds', ['soak', '--rounds', '2']],
  ['a soak of a moment', ['soak', '--seconds', '1']],
])('%s is refused', (_what, args) => {
  expect(() => benchOptions(args)).toThrow(UsageError);
});

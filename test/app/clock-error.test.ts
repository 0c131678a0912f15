import { expect, it } from 'vitest';
import { clockErrorOf } from '../../src/app/clock-error.ts';

// Field order of `chronyc -c tracking`: reference id, name, stratum, reference time, system offset, last offset, RMS
// offset, frequency, residual, skew, root delay, root dispersion, interval, leap status.
it('adds offset, half the root delay and the root dispersion', () => {
  expect(
    clockErrorOf(
      'A9FEA97B,169.254.169.123,4,1795320000.1,-0.000200,0.0001,0.0002,1.2,0.0,0.01,0.020000,0.003000,16.0,Normal\n',
    ),
  ).toBe(14);
});

it('is not measured when chrony is not synchronised or says something else', () => {
  expect(clockErrorOf('7F7F0101,,0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n')).toBeNull();
  expect(clockErrorOf('506 Cannot talk to daemon\n')).toBeNull();
});

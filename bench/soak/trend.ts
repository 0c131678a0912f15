/** A straight line through samples, least squares. */
export interface Trend {
  /** Units an hour. */
  readonly perHour: number;
  /** The half-width of its 95% interval, taking the samples for independent. */
  readonly uncertainty: number;
  /** What the line rises over the time of the samples. */
  readonly rise: number;
  readonly mean: number;
}

export interface Sample {
  /** Seconds since the start. */
  readonly at: number;
  readonly value: number;
}

const HOUR_SECONDS = 3600;

/** Null for fewer than three samples, or none apart in time. */
export function trendOf(samples: readonly Sample[]): Trend | null {
  const count = samples.length;
  if (count < 3) return null;
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / count;
  const mean = samples.reduce((sum, { value }) => sum + value, 0) / count;
  const spread = samples.reduce((sum, { at }) => sum + (at - meanAt) ** 2, 0);
  if (spread === 0) return null;
  const slope = samples.reduce((sum, { at, value }) => sum + (at - meanAt) * (value - mean), 0) / spread;
  const residue = samples.reduce(
    (sum, { at, value }) => sum + (value - mean - slope * (at - meanAt)) ** 2,
    0,
  );
  const error = Math.sqrt(residue / (count - 2) / spread);
  const length = (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0);
  return {
    perHour: slope * HOUR_SECONDS,
    uncertainty: 1.96 * error * HOUR_SECONDS,
    rise: slope * length,
    mean,
  };
}

/** A rise of less than this part of the mean is no growth, however straight: caches fill, a heap breathes. */
export const TOLERATED_RISE = 0.02;

/** Whether the samples rise beyond doubt and by more than what is tolerated. */
export function grows({ perHour, uncertainty, rise, mean }: Trend): boolean {
  return perHour - uncertainty > 0 && rise > mean * TOLERATED_RISE;
}

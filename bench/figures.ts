/** Everything that a measurement can say, with the heading it has in the report. MB are millions of bytes. */
export const FIGURES = {
  cpuMicrosPerRequest: 'CPU us/request',
  requestsPerSecond: 'requests/s',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  loginP50Ms: 'log-in p50 ms',
  loginP99Ms: 'log-in p99 ms',
  peakMiB: 'peak MiB',
  pssMiB: 'PSS MiB',
  acceptedPerRequest: 'accepted/request',
  saturationPerSecond: 'saturation/s',
  ratePerSecond: 'rate/s',
  directP50Ms: 'direct p50 ms',
  directP99Ms: 'direct p99 ms',
  addedP50Ms: 'p50 added ms',
  addedP99Ms: 'p99 added ms',
  lateP99Ms: 'generator late p99 ms',
  pssBeforeMB: 'PSS before MB',
  pssAfterMB: 'PSS with them MB',
  rssBeforeMB: 'RSS before MB',
  rssAfterMB: 'RSS with them MB',
  pssPerConnectionKB: 'PSS KB/connection',
  downOneMBps: 'down, 1 MB/s',
  upOneMBps: 'up, 1 MB/s',
  downEightMBps: 'down, 8 MB/s',
  upEightMBps: 'up, 8 MB/s',
  cpuMsPerGB: 'CPU ms/GB',
  warmPssMB: 'PSS warm MB',
  extraPssMB: 'PSS more MB',
  extraRssMB: 'RSS more MB',
} as const;

/** A figure that has one value a round. */
export type Figure = keyof typeof FIGURES;

export type Figures = Readonly<Partial<Record<Figure, number>>>;

/** How a target is to be started for one measurement. */
export interface StartOptions {
  /** `claimed`: the one peer is a trusted proxy, and `X-Forwarded-For` names the clients. */
  readonly clients: 'direct' | 'claimed';
  /** The size of the gateway's badge reply, for the bare route that it is compared with. */
  readonly badgeBytes: number;
}

/** A started target. */
export interface RunningTarget {
  readonly url: string;
  /** The root of the process tree that is measured. */
  readonly pid: number;
  stop(): Promise<void>;
}

export type Availability =
  | { readonly installed: true; readonly version: string }
  | { readonly installed: false; readonly reason: string };

/** Something to measure. */
export interface Target {
  readonly name: string;
  /** One line on what it does per request, for the report. */
  readonly does: string;
  /** What is not installed is listed as such; what is installed and does not start is an error. */
  available(): Promise<Availability>;
  /** Resolves when requests are answered. */
  start(upstream: Upstream, options: StartOptions): Promise<RunningTarget>;
}

/** The web service behind every target. */
export interface Upstream {
  readonly url: string;
  readonly pid: number;
}

/** What a load generator saw. */
export interface LoadResult {
  readonly generator: string;
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Connection errors, time-outs, and statuses other than 2xx and 3xx. */
  readonly errors: number;
  readonly connections?: number;
  readonly loginP50Ms?: number;
  readonly loginP99Ms?: number;
}

/** A way to load a target. */
export interface Load {
  readonly name: string;
  readonly does: string;
  readonly clients: StartOptions['clients'];
  /** The names of the targets that it makes sense for. */
  readonly targets: readonly string[];
  /** Before every measurement, outside of it. */
  prepare?(target: RunningTarget): Promise<void>;
  run(url: string, seconds: number): Promise<LoadResult>;
}

/** One load on one target in one round. */
export interface Measurement extends LoadResult {
  /** CPU time of the target's whole process tree, user and system. */
  readonly cpuMicrosPerRequest: number;
  readonly requestsPerSecond: number;
  /** The highest sum of resident memory over the tree, sampled, pages shared by its processes counted for each. */
  readonly peakMiB: number;
  readonly processes: number;
  /** Connections that anything on this machine accepted, per request: shows what a proxy does upstream. */
  readonly acceptedPerRequest: number;
}

export type Outcome =
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'failed'; readonly error: string };

/** All outcomes of one load on one target, by round. */
export interface Cell {
  readonly load: string;
  readonly target: string;
  readonly rounds: Outcome[];
}

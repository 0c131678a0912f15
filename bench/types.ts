import type { Figure, Figures } from './figures.ts';

/** What a load needs of the target that it is sent to. */
export interface Needs {
  /** `claimed`: the one peer is a trusted proxy, and `X-Forwarded-For` names the clients. */
  readonly clients: 'direct' | 'claimed';
  /** The accounts `u0` to `u<n - 1>` have a badge before the start. */
  readonly knownAccounts: number;
  /** Connections that the target has to be able to hold, upstream ones included. */
  readonly connections: number;
}

/** How a target is to be started for one measurement. */
export interface StartOptions extends Needs {
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

/** How long to measure. */
export interface Stretch {
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Sizes are a fraction of what they are in a full run. */
  readonly quick: boolean;
}

/** One load on one target in one round. */
export interface Measurement {
  readonly generator: string;
  readonly requests: number;
  /** Connection errors, time-outs, and statuses other than 2xx and 3xx. */
  readonly errors: number;
  readonly figures: Figures;
}

/** A way to load a target. */
export interface Load {
  readonly name: string;
  readonly does: string;
  readonly needs: Needs;
  /** The names of the targets that it makes sense for. */
  readonly targets: readonly string[];
  /** The columns of its table. */
  readonly columns: readonly Figure[];
  /** Those that are also shown as a ratio to others'. */
  readonly compared: readonly Figure[];
  /** No more rounds than these, for what takes long and varies little. */
  readonly mostRounds: number;
  /** About how many seconds `measure` takes; for the estimate only. */
  lasts(stretch: Stretch): number;
  measure(target: RunningTarget, upstream: Upstream, stretch: Stretch): Promise<Measurement>;
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

import {
  SOURCE_GRADES,
  type ListenerHealth,
  type MachineStatus,
  type SourceHealth,
} from './machine-status.ts';

/** Prometheus' text format, version 0.0.4. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = { readonly [name: string]: string };
/** What is not known (null, undefined, no finite number) has no line: 0 would be a lie. */
type Value = number | boolean | null | undefined;
type Samples = readonly (readonly [labels: Labels, value: Value])[];

/** One row of the table; docs/monitoring.md lists them all. No label holds an address or an account. */
export interface Metric {
  /** With its unit; of a counter with `_total`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  /** One line without backslashes. */
  readonly help: string;
  readonly samples: (status: MachineStatus) => Samples;
}

/** A metric of each thing of a kind: one value, or several that further labels keep apart. */
type Row<Of> = readonly [name: string, type: Metric['type'], help: string, read: (of: Of) => Value | Samples];

const DAY_S = 86_400;
const seconds = (ms: number | null): Value => (ms === null ? null : ms / 1000);
const ofEach = (label: string, counts: { readonly [key: string]: number }): Samples =>
  Object.entries(counts).map(([key, count]) => [{ [label]: key }, count]);

const OF_MACHINE: readonly Row<MachineStatus>[] = [
  ['recording', 'gauge', '1 while records can be stored', (its) => its.recording],
  ['gateway_workers', 'gauge', 'Gateway workers that answer', (its) => its.workers],
  ['gateway_connections', 'gauge', 'Client connections that are open', (its) => its.connections],
  ['gateway_claimed_clients', 'gauge', 'Clients behind trusted proxies', (its) => its.claimedClients],
  [
    'gateway_refusals_total',
    'counter',
    'What the gateway refused or ended, by kind of security event',
    (its) => ofEach('kind', its.refusals),
  ],
  [
    'clock_error_seconds',
    'gauge',
    "Largest error of this machine's clock",
    (its) => seconds(its.clockErrorMs),
  ],
  ['region_data_age_seconds', 'gauge', 'Age of region data, whole days', (its) => its.regionAgeDays * DAY_S],
  [
    'collectors_up',
    'gauge',
    '1 while the collectors answer; 0 also when none are configured',
    (its) => its.collectors !== null,
  ],
  [
    'collectors_unknown_senders_total',
    'counter',
    'Messages and connections of senders that no source names',
    (its) => its.collectors?.unknownSenders,
  ],
];

const OF_SOURCE: readonly Row<SourceHealth>[] = [
  [
    'grade',
    'gauge',
    '1 for the grade that the source has, 0 for the others',
    (its) => SOURCE_GRADES.map((grade) => [{ grade }, grade === its.grade]),
  ],
  ['messages_total', 'counter', 'Messages or lines that came', (its) => its.messages],
  ['translations_total', 'counter', 'Translations that were told', (its) => its.translations],
  ['leases_total', 'counter', 'Leases that were told', (its) => its.leases],
  ['lost_total', 'counter', 'Messages or records that never came, as far as known', (its) => its.lost],
  ['dropped_total', 'counter', 'Messages that came and could not be stored', (its) => its.dropped],
  ['restarts_total', 'counter', 'How often the source began anew', (its) => its.restarts],
  ['rejected_total', 'counter', 'What made no sense, by reason', (its) => ofEach('reason', its.rejected)],
  [
    'last_record_timestamp_seconds',
    'gauge',
    'When something last came, Unix time; absent before the first',
    (its) => (its.lastRecord === null ? null : seconds(Date.parse(its.lastRecord))),
  ],
  ['translations_per_second', 'gauge', 'Rate of translations over the last minute', (its) => its.rate],
  [
    'clock_offset_seconds',
    'gauge',
    "Added to the source's times to get ours",
    (its) => seconds(its.clock.offsetMs),
  ],
  [
    'clock_error_seconds',
    'gauge',
    'Largest error of times so corrected; absent while not measured',
    (its) => seconds(its.clock.errorMs),
  ],
  [
    'clock_drift_ratio',
    'gauge',
    "Drift of the source's clock, seconds a second",
    (its) => (its.clock.driftPpm === null ? null : its.clock.driftPpm / 1e6),
  ],
  ['exporters', 'gauge', 'IPFIX and NetFlow v9: exporters that are known', (its) => its.templates?.exporters],
  [
    'templates',
    'gauge',
    'IPFIX and NetFlow v9: templates that are known, by kind',
    ({ templates }) =>
      templates === null ? null : ofEach('kind', { data: templates.data, options: templates.options }),
  ],
  [
    'pending_sets',
    'gauge',
    'IPFIX and NetFlow v9: data sets that wait for their template',
    (its) => its.templates?.pending,
  ],
  ['input_running', 'gauge', '1 while the command, pipe or file is read', (its) => its.input?.running],
  [
    'input_starts_total',
    'counter',
    'How often the command was started, or the pipe or file opened',
    (its) => its.input?.starts,
  ],
];

const OF_LISTENER: readonly Row<ListenerHealth>[] = [
  ['datagrams_total', 'counter', 'UDP: datagrams that came', (its) => its.datagrams],
  [
    'kernel_drops_total',
    'counter',
    'UDP: datagrams that the kernel had no room for; absent where it does not tell',
    (its) => its.kernelDrops,
  ],
  [
    'receive_buffer_bytes',
    'gauge',
    'UDP: receive buffer that the kernel gave',
    (its) => its.receiveBufferBytes,
  ],
  ['connections', 'gauge', 'TCP and TLS: connections that are open', (its) => its.connections],
];

/** Two listeners may differ in nothing but their host, which no label shows: so each has its number, from 1. */
const listenerLabels = ({ protocol, transport, port }: ListenerHealth, index: number): Labels => ({
  listener: String(index + 1),
  protocol,
  transport,
  port: String(port),
});

/** Every metric there is. */
export const METRICS: readonly Metric[] = [
  ...metricsOf('shudi_', OF_MACHINE, (status) => [[{}, status]]),
  ...metricsOf('shudi_source_', OF_SOURCE, ({ collectors }) =>
    (collectors?.sources ?? []).map((source) => [{ source: source.name }, source]),
  ),
  ...metricsOf('shudi_collectors_listener_', OF_LISTENER, ({ collectors }) =>
    (collectors?.listeners ?? []).map((listener, index) => [listenerLabels(listener, index), listener]),
  ),
];

function metricsOf<Of>(
  prefix: string,
  rows: readonly Row<Of>[],
  all: (status: MachineStatus) => readonly (readonly [Labels, Of])[],
): Metric[] {
  return rows.map(([name, type, help, read]) => ({
    name: prefix + name,
    type,
    help,
    samples: (status) =>
      all(status).flatMap(([labels, of]) => {
        const told = read(of);
        const several: Samples = isSamples(told) ? told : [[{}, told]];
        return several.map(([more, value]) => [{ ...labels, ...more }, value] as const);
      }),
  }));
}

const isSamples = (told: Value | Samples): told is Samples => Array.isArray(told);

/** The status in Prometheus' text format 0.0.4: HELP, TYPE and the samples of each metric. */
export function metricsText(status: MachineStatus): string {
  const lines: string[] = [];
  for (const { name, type, help, samples } of METRICS) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of samples(status))
      if (Number.isFinite(Number(value ?? NaN))) lines.push(`${name}${labelText(labels)} ${Number(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const ESCAPES: { readonly [character: string]: string } = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };
const escaped = (value: string): string => value.replace(/[\\"\n]/g, (found) => ESCAPES[found] ?? found);

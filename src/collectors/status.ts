import { formatTime, type Millis } from '../model/time.ts';
import { gradeOf, type HealthGrade } from './health.ts';
import type { DecoderStatus } from './ipfix/decoder.ts';
import type { RunningSource } from './open-collectors.ts';
import type { ListenerSettings, SourceSettings } from './settings.ts';

/** The health of a source, for operators: no address or name of anybody is in it. */
export interface SourceStatus {
  readonly name: string;
  readonly protocol: SourceSettings['protocol'];
  readonly grade: HealthGrade;
  /** RFC 3339; null when nothing has come yet. */
  readonly lastRecord: string | null;
  /** Translations a second over the last minute. */
  readonly rate: number;
  readonly messages: number;
  readonly translations: number;
  readonly leases: number;
  readonly lost: number;
  readonly dropped: number;
  readonly restarts: number;
  /** By reason. */
  readonly rejected: { readonly [reason: string]: number };
  readonly samples: { readonly [reason: string]: readonly string[] };
  /** Of the sender whose clock is known worst. */
  readonly clock: {
    readonly offsetMs: number;
    readonly errorMs: number | null;
    readonly driftPpm: number | null;
  };
  readonly dialects: readonly string[];
  /** IPFIX and NetFlow v9; null for others. */
  readonly templates: {
    readonly exporters: number;
    readonly data: number;
    readonly options: number;
    /** Data sets that wait for their template. */
    readonly pending: number;
    readonly late: number;
  } | null;
  /** Of a command, pipe or file; null for others. */
  readonly input: {
    readonly running: boolean;
    readonly fault: string | null;
    readonly starts: number;
  } | null;
}

export interface ListenerStatus extends Pick<ListenerSettings, 'protocol' | 'transport'> {
  readonly port: number;
  readonly connections?: number;
  readonly datagrams?: number;
  /** Null where the system does not tell. */
  readonly kernelDrops?: number | null;
  readonly receiveBufferBytes?: number;
}

export interface CollectorsStatus {
  readonly sources: readonly SourceStatus[];
  readonly listeners: readonly ListenerStatus[];
  /** Messages and connections of senders that no source names. */
  readonly unknownSenders: number;
}

/**
 * @param exporters  the source's exporter addresses and streams, of an IPFIX source
 * @param isTelling  whether what happens now would be told
 */
export function sourceStatus(
  { settings, source, since, lines }: RunningSource,
  exporters: readonly DecoderStatus[],
  isTelling: boolean,
  now: Millis,
): SourceStatus {
  const { counts, rejections, heard } = source;
  const clock = source.worstClock();
  const sum = (of: (exporter: DecoderStatus) => number): number =>
    exporters.reduce((total, exporter) => total + of(exporter), 0);
  const isIpfix = settings.protocol === 'ipfix';
  const templates = sum((exporter) => exporter.templates);
  return {
    name: settings.name,
    protocol: settings.protocol,
    grade: gradeOf({
      nowMs: now,
      sinceMs: since,
      lastRecordMs: heard,
      silentAfterMs: settings.silentAfterMs,
      isRunning: isTelling,
      // An access server tells of leases; that it tells of no port is no fault.
      records: settings.protocol === 'radius' ? 0 : counts.messages,
      tellsTranslations:
        isIpfix && templates > 0 ? exporters.some((exporter) => exporter.tellsTranslations) : null,
      translations: counts.translations,
      withPort: counts.withPort,
    }),
    lastRecord: heard === null ? null : formatTime(heard),
    rate: Math.round(source.rate.perSecond(now) * 100) / 100,
    ...counts,
    rejected: rejections.counts(),
    samples: rejections.samples(),
    clock: { ...clock.current(), driftPpm: clock.driftPpm() },
    dialects: [...source.dialects].sort(),
    templates: isIpfix
      ? {
          exporters: exporters.length,
          data: templates,
          options: sum((exporter) => exporter.optionsTemplates),
          pending: sum((exporter) => exporter.pending),
          late: sum((exporter) => exporter.late),
        }
      : null,
    input: lines === null ? null : { running: lines.running(), fault: lines.fault(), starts: lines.starts() },
  };
}

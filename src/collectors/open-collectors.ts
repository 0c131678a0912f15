import type { AddressInfo } from 'node:net';
import type { SubjectDirectory } from '../model/accounts.ts';
import type { IpAddress } from '../model/address.ts';
import type { RecordWriter } from '../model/records.ts';
import type { Clock, Millis } from '../model/time.ts';
import { addressList, addressLookup } from './address-list.ts';
import { IpfixReceiver } from './ipfix/receiver.ts';
import { LeaseSource } from './lease-source.ts';
import { ConntrackReader } from './linux/conntrack.ts';
import { startConntrack, type LineSource } from './linux/line-source.ts';
import { UlogdReader } from './linux/ulogd.ts';
import { startRadiusServer, type RadiusServer } from './radius/server.ts';
import type { CollectorsSettings, ListenerSettings, SourceSettings } from './settings.ts';
import { Source } from './source.ts';
import { sourceStatus, type CollectorsStatus, type ListenerStatus } from './status.ts';
import { SyslogReceiver } from './syslog/receiver.ts';
import { listenStream, type StreamListener } from './transport/stream.ts';
import { listenUdp, type UdpListener } from './transport/udp.ts';
import { VOUCH_MS, Vouching } from './vouching.ts';

export interface CollectorsParts {
  readonly writer: RecordWriter;
  readonly subjects: SubjectDirectory;
  readonly clock: Clock;
}

export interface Collectors {
  /** Where each listener listens, in the order of the settings. */
  readonly addresses: readonly AddressInfo[];
  status(): CollectorsStatus;
  /** Reads no more, stores what was read, and ends the coverage. */
  close(): Promise<void>;
}

/** A source as it runs. */
export interface RunningSource {
  readonly settings: SourceSettings;
  readonly source: Source;
  readonly leases: LeaseSource | null;
  readonly since: Millis;
  lines: LineSource | null;
}

type Open =
  | { readonly settings: ListenerSettings; readonly kind: 'udp'; readonly listener: UdpListener }
  | { readonly settings: ListenerSettings; readonly kind: 'stream'; readonly listener: StreamListener }
  | { readonly settings: ListenerSettings; readonly kind: 'radius'; readonly listener: RadiusServer };

/** How far stamps are rounded, ms: heads of IPFIX and NetFlow, syslog and RADIUS have whole seconds. */
const GRANULARITY_MS = { ipfix: 1000, syslog: 1000, radius: 1000, conntrack: 1 } as const;
const MOST_STREAMS = 1024;

/** Opens all listeners and sources, or none. @throws ShudiError gateway.port-in-use | config.invalid */
export async function openCollectors(
  settings: CollectorsSettings,
  parts: CollectorsParts,
): Promise<Collectors> {
  const collectors = new Running(settings, parts);
  try {
    await collectors.open();
  } catch (error) {
    await collectors.close();
    throw error;
  }
  return collectors;
}

class Running implements Collectors {
  readonly #settings: CollectorsSettings;
  readonly #parts: CollectorsParts;
  readonly #sources: RunningSource[];
  readonly #sourceOf: ReturnType<typeof sendersOf>;
  readonly #open: Open[] = [];
  readonly #ipfix: IpfixReceiver;
  readonly #syslog: SyslogReceiver;
  readonly #vouching: Vouching;
  readonly #drops = new Map<Open, number>();
  /** When drops were last counted. */
  #countedAt: Millis;
  readonly #timer: NodeJS.Timeout;

  constructor(settings: CollectorsSettings, parts: CollectorsParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#countedAt = parts.clock();
    const isOwn = addressList(settings.own);
    this.#sources = settings.sources.map((item) => runningSource(item, parts, isOwn));
    this.#sourceOf = sendersOf(this.#sources);
    this.#ipfix = new IpfixReceiver({
      clock: parts.clock,
      sourceOf: (from) => {
        const found = this.#sourceOf('ipfix', from);
        return found?.settings.protocol === 'ipfix'
          ? { feed: found.source, dialect: found.settings.dialect }
          : null;
      },
    });
    this.#syslog = new SyslogReceiver({
      clock: parts.clock,
      sourceOf: (from) => {
        const found = this.#sourceOf('syslog', from);
        return found?.settings.protocol === 'syslog'
          ? { feed: found.source, vendor: found.settings.vendor, zoneMinutes: found.settings.zoneMinutes }
          : null;
      },
    });
    this.#vouching = new Vouching(parts.writer, parts.clock);
    this.#timer = setInterval(() => this.#countDrops(), VOUCH_MS / 4);
  }

  get addresses(): readonly AddressInfo[] {
    return this.#open.map(({ listener }) => listener.address);
  }

  async open(): Promise<void> {
    for (const settings of this.#settings.listeners) this.#open.push(await this.#listen(settings));
    for (const running of this.#sources) {
      running.lines = this.#startLines(running);
      await this.#vouching.begin({
        source: running.source,
        silentAfterMs: running.settings.silentAfterMs,
        isRunning: () => this.#isTelling(running),
        waitingSince: () =>
          running.settings.protocol === 'ipfix' ? this.#ipfix.waitingSince(running.source) : null,
      });
    }
  }

  status(): CollectorsStatus {
    const now = this.#parts.clock();
    const exporters = Map.groupBy(this.#ipfix.status(), ({ from }) => this.#sourceOf('ipfix', from));
    return {
      sources: this.#sources.map((running) =>
        sourceStatus(running, exporters.get(running) ?? [], this.#isTelling(running), now),
      ),
      listeners: this.#open.map(listenerStatus),
      unknownSenders: this.#ipfix.stats().unknown + this.#syslog.status().unknown + this.#unknownClients(),
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#vouching.stop();
    this.#countDrops();
    await Promise.all(this.#open.map(({ listener }) => listener.close()));
    this.#ipfix.close();
    await Promise.all(this.#sources.flatMap(({ lines }) => lines?.stop() ?? []));
    await this.#vouching.end();
  }

  /** Whether what happens now would be told: of a source of streams, only while it has one open. */
  #isTelling({ settings, source, lines }: RunningSource): boolean {
    if (lines !== null) return lines.isTelling();
    if (settings.protocol !== 'ipfix' && settings.protocol !== 'syslog') return true;
    const { streams } = settings.protocol === 'ipfix' ? this.#ipfix : this.#syslog;
    return streams.isTelling(
      source,
      this.#settings.listeners.some(
        ({ protocol, transport }) => protocol === settings.protocol && transport === 'udp',
      ),
    );
  }

  #unknownClients(): number {
    return this.#open.reduce(
      (sum, open) => sum + (open.kind === 'radius' ? open.listener.stats().unknownClients : 0),
      0,
    );
  }

  async #listen(settings: ListenerSettings): Promise<Open> {
    const { protocol, transport, host, port, receiveBufferBytes } = settings;
    if (protocol === 'radius') {
      const listener = await startRadiusServer({
        host,
        port,
        receiveBufferBytes,
        clock: this.#parts.clock,
        clientOf: (from) => {
          const found = this.#sourceOf('radius', from);
          return found?.leases !== undefined && found.leases !== null && found.settings.protocol === 'radius'
            ? { feed: found.leases, secret: Buffer.from(found.settings.secret, 'utf8') }
            : null;
        },
      });
      return { settings, kind: 'radius', listener };
    }
    const receiver = protocol === 'ipfix' ? this.#ipfix : this.#syslog;
    if (transport === 'udp') {
      const listener = await listenUdp({ host, port, receiveBufferBytes, onDatagram: receiver.datagram });
      return { settings, kind: 'udp', listener };
    }
    const { tls } = settings;
    const listener = await listenStream({
      host,
      port,
      tls:
        tls === null
          ? null
          : {
              cert: Buffer.from(tls.cert),
              key: Buffer.from(tls.key),
              clientCa: tls.clientCa === null ? null : Buffer.from(tls.clientCa),
            },
      maxConnections: MOST_STREAMS,
      accept: receiver.accept,
    });
    return { settings, kind: 'stream', listener };
  }

  #startLines({ settings, source }: RunningSource): LineSource | null {
    if (settings.protocol !== 'conntrack') return null;
    const options = { feed: source, live: settings.input !== 'file' };
    const reader = settings.format === 'ulogd' ? new UlogdReader(options) : new ConntrackReader(options);
    return settings.input === 'run'
      ? startConntrack({ mode: 'run', namespace: settings.namespace, reader, feed: source })
      : startConntrack({ mode: settings.input, path: settings.path, reader, feed: source });
  }

  /** What the kernel had no room for may have been any source's of that listener. RADIUS is sent again. */
  #countDrops(): void {
    const since = this.#countedAt;
    this.#countedAt = this.#parts.clock();
    for (const open of this.#open) {
      if (open.kind !== 'udp') continue;
      const { kernelDrops } = open.listener.stats();
      const more = (kernelDrops ?? 0) - (this.#drops.get(open) ?? 0);
      if (more <= 0) continue;
      this.#drops.set(open, kernelDrops ?? 0);
      for (const { settings, source } of this.#sources)
        if (settings.protocol === open.settings.protocol) source.dropped(more, since);
    }
  }
}

/** Whose an address is, of each protocol. */
function sendersOf(
  sources: readonly RunningSource[],
): (protocol: ListenerSettings['protocol'], from: IpAddress) => RunningSource | null {
  const of = (protocol: ListenerSettings['protocol']): ((from: IpAddress) => RunningSource | null) =>
    addressLookup(
      sources
        .filter(({ settings }) => settings.protocol === protocol)
        .map((running) => ({ texts: running.settings.from, value: running })),
    );
  const lookups = { ipfix: of('ipfix'), syslog: of('syslog'), radius: of('radius') };
  return (protocol, from) => lookups[protocol](from);
}

function runningSource(
  settings: SourceSettings,
  { writer, subjects, clock }: CollectorsParts,
  isOwn: (address: IpAddress) => boolean,
): RunningSource {
  const { name, realm } = settings;
  const source = new Source({
    name,
    realm,
    writer,
    clock,
    isOwn,
    live: true,
    granularityMs: GRANULARITY_MS[settings.protocol],
    retainedFrom: null,
  });
  const leases =
    settings.protocol === 'radius' ? new LeaseSource({ source, subjects, site: settings.site }) : null;
  return { settings, source, leases, since: clock(), lines: null };
}

function listenerStatus({ settings, kind, listener }: Open): ListenerStatus {
  const { protocol, transport } = settings;
  const { port } = listener.address;
  if (kind === 'stream') return { protocol, transport, port, connections: listener.stats().connections };
  const { datagrams, kernelDrops, receiveBufferBytes } = listener.stats();
  return { protocol, transport, port, datagrams, kernelDrops, receiveBufferBytes };
}

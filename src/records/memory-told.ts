import type { RecordItem, RecordReader } from '../model/records.ts';
import { overlaps } from '../model/time.ts';
import { joinLeases } from './lease-intervals.ts';
import { prefixesOf } from '../model/prefix.ts';
import type { ToldLease, ToldTranslation } from './told.ts';
import { holdsPort, joinTranslations, type VouchedSince } from './translation-intervals.ts';

type Of<Type extends RecordItem['type']> = Extract<RecordItem, { type: Type }>;
type ToldReader = Pick<
  RecordReader,
  'sources' | 'leaseSources' | 'translations' | 'leases' | 'leasesOf' | 'imported'
>;

/** What sources told, from a list: everything is joined, then what was not asked for is left out. */
export function toldReader(items: readonly RecordItem[], since: VouchedSince): ToldReader {
  const all = <Type extends RecordItem['type']>(type: Type): Of<Type>[] =>
    items.filter((item): item is Of<Type> => item.type === type);
  const messageOf = (id: number): Pick<ToldTranslation, 'dialect' | 'digest' | 'clockErrorMs'> => {
    const message = all('message').find((item) => item.id === id);
    return {
      dialect: message?.dialect ?? '',
      digest: message?.digest ?? '',
      clockErrorMs: message?.clockErrorMs ?? null,
    };
  };
  const leases = (): ToldLease[] => all('lease').map((item) => ({ ...item, ...messageOf(item.message) }));
  const found = <T>(list: T[], limit: number): { list: T[]; total: number } => ({
    list: list.slice(0, limit),
    total: list.length,
  });
  const reader: ToldReader = {
    async sources() {
      return [...new Set(all('coverage').map(({ source }) => source))].sort();
    },
    async leaseSources() {
      return [...new Set(all('lease').map(({ source }) => source))].sort();
    },
    async translations(side, address, port, window, limit) {
      const told = all('translation').map((item) => ({ ...item, ...messageOf(item.message) }));
      const { list, total } = found(
        joinTranslations(told, all('restart'), since).filter(
          (item) =>
            item[side].address === address &&
            (port === null ||
              (side === 'outside'
                ? holdsPort(item.outside, port)
                : item.inside.port === null || item.inside.port === port)) &&
            overlaps(item, window.from, window.to),
        ),
        limit,
      );
      return { translations: list, total };
    },
    async leases(address, window, limit) {
      const wanted = new Set(prefixesOf(address).map(({ network, bits }) => `${network}/${bits}`));
      const told = leases().filter(
        (item) => item.address === null || wanted.has(`${item.address}/${item.bits}`),
      );
      const joined = joinLeases(told, all('restart'), since);
      const { list, total } = found(
        joined.filter((item) => overlaps(item, window.from, window.to)),
        limit,
      );
      return { leases: list, total };
    },
    async leasesOf(subject, window, limit) {
      const addresses = new Set(
        leases().flatMap((item) =>
          item.address !== null && (item.subject === subject || item.line === subject) ? [item.address] : [],
        ),
      );
      const held = await Promise.all(
        [...addresses].map((address) => reader.leases(address, window, Infinity)),
      );
      const { list, total } = found(
        held
          .flatMap((item) => item.leases)
          .filter((item) => item.subject === subject || item.line === subject)
          .sort((a, b) => a.from - b.from),
        limit,
      );
      return { leases: list, total };
    },
    async imported(source, file) {
      const known = all('import').filter((item) => item.source === source && item.file === file);
      const last = known.at(-1);
      return last === undefined ? null : { options: last.options, messages: last.messages, done: last.done };
    },
  };
  return reader;
}

import { createHash } from 'node:crypto';
import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  importFiles,
  type Imported,
  type ImportOptions,
} from '../../../src/collectors/import/import-files.ts';
import type { Site, Subject } from '../../../src/model/accounts.ts';
import type { RecordItem, RecordReader } from '../../../src/model/records.ts';
import { systemClock } from '../../../src/model/time.ts';
import { openMemoryRecords } from '../../../src/records/memory.ts';

export const NAME = 'nat';

type Of<Type extends RecordItem['type']> = Extract<RecordItem, { type: Type }>;

export interface ImportWorld {
  readonly reader: RecordReader;
  /** Imports as one command would. */
  readonly run: (files: readonly string[], options?: Partial<ImportOptions>) => Promise<Imported>;
  readonly rows: <Type extends RecordItem['type']>(type: Type) => Of<Type>[];
}

/** Imports into a memory engine; a subject is a digest of the account. */
export function importWorld(): ImportWorld {
  const store = { items: [] as RecordItem[] };
  const { reader, writer } = openMemoryRecords(store, systemClock);
  return {
    reader,
    run: (files, options = {}) =>
      importFiles({
        name: NAME,
        format: 'csv',
        files,
        realm: '',
        dialect: null,
        vendor: null,
        zoneMinutes: 0,
        radiusSecret: null,
        mapping: null,
        own: [],
        writer,
        reader,
        subjects: {
          subjectOf: async (_site, account) =>
            createHash('sha256').update(account).digest('hex').slice(0, 16) as Subject,
        },
        site: NAME as Site,
        onProgress: () => undefined,
        ...options,
      }),
    rows: (type) => store.items.filter((item): item is Of<typeof type> => item.type === type),
  };
}

/** Writes files into a directory of their own each, as last written at a time where that matters. */
export const fileMaker =
  (root: string) =>
  (name: string, content: string | Buffer, written?: string): string => {
    const path = join(mkdtempSync(join(root, 'f-')), name);
    writeFileSync(path, content);
    if (written !== undefined) utimesSync(path, new Date(written), new Date(written));
    return path;
  };

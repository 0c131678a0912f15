import { keyText, type Path } from './config-file.ts';
import type { RawConfig } from './config-schema.ts';

/** What differs between two configurations: key paths such as `gateway.routes[2].upstream`, never a value. */
export interface ConfigDifference {
  /** At most 200, in the order of the file. */
  readonly changed: readonly string[];
  /** Those that a reload (SIGHUP) cannot put in force, at most 200. */
  readonly needsRestart: readonly string[];
}

const MOST = 200;

/** What is set up once, when the process starts: files, threads, the control listener. */
const FIXED_SECTIONS = new Set([
  'data',
  'records',
  'control',
  'disclosure',
  'trace',
  'regions',
  'collectors',
]);

export function configDifference(before: RawConfig, after: RawConfig): ConfigDifference {
  const changed: string[] = [];
  const needsRestart: string[] = [];
  const note = (list: string[], path: Path): void => {
    if (list.length < MOST) list.push(keyText(path));
  };
  walk(before, after, [], (path) => {
    note(changed, path);
    if (isFixed(path)) note(needsRestart, path);
  });
  // A site's name stands in records and in the vault; one more may come, none may go while it runs.
  const left = new Set(after.sites.map(({ name }) => name));
  before.sites.forEach(({ name }, index) => {
    if (!left.has(name)) note(needsRestart, ['sites', index, 'name']);
  });
  return { changed, needsRestart };
}

function isFixed([section, key]: Path): boolean {
  return (
    typeof section === 'string' &&
    (FIXED_SECTIONS.has(section) || (section === 'gateway' && key === 'workers'))
  );
}

/** Calls `differs` with the path of every leaf that is not the same, and of what only one of the two has. */
function walk(before: unknown, after: unknown, path: Path, differs: (path: Path) => void): void {
  if (Object.is(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1)
      walk(before[index], after[index], [...path, index], differs);
  } else if (isSection(before) && isSection(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      walk(before[key], after[key], [...path, key], differs);
  } else differs(path);
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

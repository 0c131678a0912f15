import { hash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { LineCounter, isMap, isNode, isPair, isSeq, parseDocument, type Document, type Node } from 'yaml';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { ShudiError } from '../model/errors.ts';
import { CONFIG_SCHEMA, type RawConfig } from './config-schema.ts';

const MAX_BYTES = 1_048_576;
const validator = Compile(CONFIG_SCHEMA);

/** A place in the file: the keys and indexes that lead there. */
export type Path = readonly (string | number)[];

/** A configuration file with the lines of its keys, so that later checks can point at them too. */
export interface ConfigFile {
  readonly raw: RawConfig;
  /** Of the text, hex: what the journal knows a configuration by. */
  readonly sha256: string;
  /** An error that names file, line and key. */
  readonly fault: (path: Path, detail: string) => ShudiError;
  /** The key as text, and `file:line`. */
  readonly place: (path: Path) => Place;
}

export interface Place {
  readonly key: string;
  readonly where: string;
}

/** @throws ShudiError config.unreadable | config.syntax | config.invalid, naming file, line and key */
export function readConfigFile(path: string): ConfigFile {
  let text: string;
  try {
    if (statSync(path).size > MAX_BYTES)
      throw new ShudiError('config.unreadable', 'The file is larger than 1 MiB.', path);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof ShudiError) throw error;
    throw new ShudiError('config.unreadable', 'The file cannot be read.', path, error);
  }
  return parseConfig(text, path);
}

export function parseConfig(text: string, path: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const broken = document.errors[0];
  if (broken !== undefined)
    throw new ShudiError('config.syntax', broken.message, `${path}:${lines.linePos(broken.pos[0]).line}`);
  const place = (at: Path): Place => ({
    key: keyText(at),
    where: `${path}:${lineOf(document, at, lines)}`,
  });
  const fault = (at: Path, detail: string): ShudiError => {
    const { key, where } = place(at);
    return new ShudiError('config.invalid', `${key}: ${detail}`, where);
  };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    throw new ShudiError('config.syntax', 'The file refers to itself too often.', path, cause);
  }
  const filled = Value.Default(CONFIG_SCHEMA, value);
  if (validator.Check(filled)) return { raw: filled, sha256: hash('sha256', text, 'hex'), fault, place };
  throw firstFault(filled, fault);
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: unknown;
  readonly message: string;
}

function firstFault(value: unknown, fault: ConfigFile['fault']): ShudiError {
  const errors: readonly SchemaError[] = validator.Errors(value);
  const unknown = errors.find((error) => error.keyword === 'additionalProperties');
  const error = unknown ?? errors.find((item) => item.keyword !== 'boolean') ?? errors[0];
  if (error === undefined) return fault([], 'does not fit the schema');
  const place = pathOf(error.instancePath, value);
  if (error.keyword === 'additionalProperties')
    return fault([...place, firstOf(error.params, 'additionalProperties')], 'there is no such key');
  if (error.keyword === 'required')
    return fault(place, `the key ${firstOf(error.params, 'requiredProperties')} is missing`);
  if (error.keyword === 'enum')
    return fault(place, `must be one of ${listOf(error.params, 'allowedValues').join(', ')}`);
  // One of two forms: the other one is a word.
  const word =
    error.keyword === 'type'
      ? errors.find(({ keyword, instancePath }) => keyword === 'const' && instancePath === error.instancePath)
      : undefined;
  return fault(place, word === undefined ? error.message : `${error.message} or ${allowedWord(word.params)}`);
}

function allowedWord(params: unknown): string {
  const value: unknown =
    typeof params === 'object' && params !== null ? Reflect.get(params, 'allowedValue') : undefined;
  return typeof value === 'string' ? value : '?';
}

function listOf(params: unknown, key: string): string[] {
  const value: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, key) : undefined;
  return Array.isArray(value) ? value.map(String) : [];
}

const firstOf = (params: unknown, key: string): string => listOf(params, key)[0] ?? '?';

/** A JSON pointer as a path; what is an index and what a key follows from the value. */
function pathOf(pointer: string, value: unknown): (string | number)[] {
  const path: (string | number)[] = [];
  let at: unknown = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const step = Array.isArray(at) ? Number(key) : key;
    path.push(step);
    at = typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined;
  }
  return path;
}

/** `gateway.routes[2].upstream`. */
export function keyText(path: Path): string {
  return path.length === 0
    ? '(the whole file)'
    : path
        .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`))
        .join('');
}

/** The line of a key, or of the nearest thing around it that the file holds. */
function lineOf(document: Document, path: Path, lines: LineCounter): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const part of path) {
    let next: Node | null = null;
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && String(item.key) === String(part));
      if (pair === undefined) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      next = isNode(pair.value) ? pair.value : null;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(part)];
      if (!isNode(item)) break;
      offset = item.range?.[0] ?? offset;
      next = item;
    }
    if (next === null) break;
    node = next;
  }
  return lines.linePos(offset).line;
}

/** A reader of Prometheus' text format 0.0.4, as strict as the format: what it does not know is a fault. */

export interface Sample {
  readonly name: string;
  readonly labels: { readonly [name: string]: string };
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const HELP = new RegExp(`^# HELP (${NAME}) (.+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const SAMPLE = new RegExp(`^(${NAME})(\\{.*\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|\}$)/y;
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** @throws Error of the first line that the format, or its rules about HELP, TYPE and duplicates, refuse */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('The last line has no end.');
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let latest = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const fault = (what: string): Error => new Error(`${what}: ${line}`);
    const help = HELP.exec(line);
    if (help !== null) {
      const [, name = '', told = ''] = help;
      if (families.has(name)) throw fault('A second HELP');
      families.set(name, { type: '', help: told, samples: [] });
      latest = name;
      continue;
    }
    const family = families.get(latest);
    const type = TYPE.exec(line);
    if (type !== null) {
      const [, name, told = ''] = type;
      if (family === undefined || name !== latest || family.type !== '') throw fault('A stray TYPE');
      family.type = told;
      continue;
    }
    const [, name = '', block = '', number = ''] = SAMPLE.exec(line) ?? [];
    if (family === undefined || name !== latest || family.type === '') throw fault('No HELP and TYPE before');
    if (!NUMBER.test(number)) throw fault('No number');
    const labels = labelsOf(block);
    const series = [
      name,
      ...Object.entries(labels)
        .map((pair) => JSON.stringify(pair))
        .toSorted(),
    ].join(' ');
    if (seen.has(series)) throw fault('A duplicate');
    seen.add(series);
    family.samples.push({ name, labels, value: Number(number) });
  }
  return families;
}

function labelsOf(block: string): Sample['labels'] {
  const labels: Record<string, string> = {};
  if (block === '') return labels;
  LABEL.lastIndex = 1;
  while (LABEL.lastIndex < block.length) {
    const [, name = '', value = ''] = LABEL.exec(block) ?? [];
    if (name === '' || name in labels) throw new Error(`No labels: ${block}`);
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

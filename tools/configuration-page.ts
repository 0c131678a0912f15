import { CONFIG_SCHEMA } from '../src/app/config-schema.ts';

/** What this reads of a JSON schema. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: string | number | boolean;
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const code = (text: string): string => `\`${text}\``;

function typeOf(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.type === 'array')
    return `list of ${schema.items?.properties === undefined ? (schema.items?.type ?? 'values') : 'sections'}`;
  if (schema.type === 'integer') return `number, ${schema.minimum ?? ''} to ${schema.maximum ?? ''}`;
  if (schema.properties !== undefined) return code(`{${Object.keys(schema.properties).join(', ')}}`);
  if (schema.type === 'boolean') return '`true` or `false`';
  return schema.type ?? '';
}

function rows(schema: Schema, prefix: string): string[] {
  const lines: string[] = [];
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const name = `${prefix}${key}`;
    if (child.properties !== undefined) {
      lines.push(
        `| **${code(name)}** | section | | ${child.description ?? ''} |`,
        ...rows(child, `${name}.`),
      );
      continue;
    }
    const needed = schema.required?.includes(key) === true && child.default === undefined;
    const fallback =
      child.default === undefined ? (needed ? 'needed' : 'none') : code(JSON.stringify(child.default));
    lines.push(`| ${code(name)} | ${typeOf(child)} | ${fallback} | ${child.description ?? ''} |`);
    if (child.items?.properties !== undefined) lines.push(...rows(child.items, `${name}[].`));
  }
  return lines;
}

/** docs/configuration.md, from the schema that validates configurations. */
export function configurationPage(): string {
  return `# Configuration

Made from the schema by \`npm run docs\`; a test keeps it current. The file is YAML. Unknown keys are refused; an error
names file, line and key. Durations are written \`250ms\`, \`2s\`, \`5m\`, \`1h\`, \`7d\`. Start from
[examples/shudi.yaml](../examples/shudi.yaml) and run \`shudi check --config FILE\`. [gateway.md](gateway.md) shows the options under \`gateway\` in use.

| key | value | default | what it does |
| --- | --- | --- | --- |
${rows(CONFIG_SCHEMA, '').join('\n')}
`;
}

/** Markup that needs no escaping any more. Only `html` makes it, so text cannot pass for it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

type Part = string | Markup | readonly Markup[];

function rendered(part: Part): string {
  if (typeof part === 'string') return escaped(part);
  if (part instanceof Markup) return part.text;
  return part.map((markup) => markup.text).join('');
}

/** A template whose values are escaped, except those that are markup already. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const text = strings.map((piece, index) => {
    const part = parts[index];
    return part === undefined ? piece : piece + rendered(part);
  });
  return new Markup(text.join(''));
}

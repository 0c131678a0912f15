/**
 * The cells of a row (RFC 4180, 2). A row ends with its line, so that one stray quote costs no more than its own row.
 * @returns null when a quote stands where none may, or is not closed
 */
export function cellsOf(line: string): string[] | null {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    const cell = line[at] === '"' ? quotedCell(line, at) : plainCell(line, at);
    if (cell === null) return null;
    cells.push(cell.text);
    if (cell.end === line.length) return cells;
    if (line[cell.end] !== ',') return null;
    at = cell.end + 1;
  }
}

interface Cell {
  readonly text: string;
  /** Where what follows it begins. */
  readonly end: number;
}

function plainCell(line: string, at: number): Cell | null {
  const comma = line.indexOf(',', at);
  const end = comma === -1 ? line.length : comma;
  const text = line.slice(at, end);
  return text.includes('"') ? null : { text, end };
}

/** Two quotes inside stand for one. */
function quotedCell(line: string, at: number): Cell | null {
  let text = '';
  let from = at + 1;
  for (;;) {
    const quote = line.indexOf('"', from);
    if (quote === -1) return null;
    text += line.slice(from, quote);
    if (line[quote + 1] !== '"') return { text, end: quote + 1 };
    text += '"';
    from = quote + 2;
  }
}

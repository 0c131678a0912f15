import { parseRow, type Cells, type Table } from './schema.ts';

interface KeyedRow {
  readonly cells: Cells;
  readonly line: string;
}

/** Rows that become one batch, apart by their table, each as its cells and as its line. */
export class RowBatch {
  readonly #lines = new Map<Table, string[]>();
  readonly #cells = new Map<Table, Cells[]>();
  #size = 0;

  /** @throws RangeError when a line is no row */
  static of(lines: readonly string[]): RowBatch {
    const batch = new RowBatch();
    for (const line of lines) {
      const cells = parseRow(line);
      if (cells === null) throw new RangeError('a line is no row');
      batch.add(cells, line);
    }
    return batch;
  }

  get size(): number {
    return this.#size;
  }

  get cells(): ReadonlyMap<Table, readonly Cells[]> {
    return this.#cells;
  }

  /** @param line  the JSON text that `cells` were parsed from */
  add(cells: Cells, line: string): void {
    const [table] = cells;
    const list = this.#cells.get(table);
    const lines = this.#lines.get(table);
    if (list === undefined || lines === undefined) {
      this.#cells.set(table, [cells]);
      this.#lines.set(table, [line]);
    } else {
      list.push(cells);
      lines.push(line);
    }
    this.#size += 1;
  }

  /** Each row, table by table. */
  each(action: (cells: Cells, line: string) => void): void {
    for (const [table, list] of this.#cells) {
      const lines = this.#lines.get(table) ?? [];
      list.forEach((cells, index) => action(cells, lines[index] ?? ''));
    }
  }

  /** The lines in the order in which verification reads the rows back: `ends` has its connection for its key. */
  lines(): ReadonlyMap<Table, readonly string[]> {
    const ends = this.#cells.get('ends');
    const lines = this.#lines.get('ends');
    if (ends !== undefined && lines !== undefined && !isRising(ends)) {
      const rows = ends.map((cells, index): KeyedRow => ({ cells, line: lines[index] ?? '' }));
      rows.sort((a, b) => keyOf(a.cells) - keyOf(b.cells));
      this.#lines.set(
        'ends',
        rows.map(({ line }) => line),
      );
      this.#cells.set(
        'ends',
        rows.map(({ cells }) => cells),
      );
    }
    return this.#lines;
  }
}

const keyOf = (cells: Cells): number => Number(cells[1]);

function isRising(rows: readonly Cells[]): boolean {
  for (let index = 1; index < rows.length; index += 1) {
    const [before, after] = [rows[index - 1], rows[index]];
    if (before !== undefined && after !== undefined && keyOf(before) > keyOf(after)) return false;
  }
  return true;
}

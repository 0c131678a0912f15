import type { DatabaseSync } from 'node:sqlite';
import { columnsOf, type Cell, type Cells, type Table } from './schema.ts';

/** Adds rows of one table under a batch's number. */
export type Inserter = (rows: readonly Cells[], batch: number) => void;

/** Rows a statement: a call into SQLite costs about as much as two rows. */
const TOGETHER = 8;

export function inserterOf(database: DatabaseSync, table: Table): Inserter {
  const columns = [...columnsOf(table), 'batch'];
  const places = `(${columns.map(() => '?').join(', ')})`;
  const into = `INSERT INTO ${table} (${columns.join(', ')}) VALUES`;
  const one = database.prepare(`${into} ${places}`);
  const several = database.prepare(`${into} ${Array.from({ length: TOGETHER }, () => places).join(', ')}`);
  return (rows, batch) => {
    let next = 0;
    while (next < rows.length) {
      const count = rows.length - next >= TOGETHER ? TOGETHER : 1;
      const values: Cell[] = [];
      for (let index = next; index < next + count; index += 1) {
        const cells = rows[index] ?? [];
        for (let cell = 1; cell < cells.length; cell += 1) values.push(cells[cell] ?? null);
        values.push(batch);
      }
      (count === 1 ? one : several).run(...values);
      next += count;
    }
  };
}

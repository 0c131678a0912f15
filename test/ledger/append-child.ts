// A process that appends to a journal and says so, entry by entry: `append-child.ts PATH ACTOR COUNT`.
import { writeSync } from 'node:fs';
import { openJournal } from '../../src/ledger/journal-store.ts';

const [path = '', actor = '', count = '0'] = process.argv.slice(2);
const journal = openJournal(path);
for (let number = 0; number < Number(count); number++) {
  const { seq, hash } = journal.append('test.entry', actor, { number });
  writeSync(1, `${seq} ${hash}\n`);
}
journal.close();

import type { Socket } from 'node:net';
import type { Voucher } from '../merged-coverage.ts';
import { parseRow, type Cells } from '../sqlite/schema.ts';
import { OpenContacts } from './open-contacts.ts';
import { ALWAYS_TAKEN, LineCutter, SAY, WAITING_ROWS } from './protocol.ts';

/** Rows of one call, or a word in between, in the order in which they came. */
export type Arrived =
  | { readonly kind: 'append'; readonly client: WriterClient; readonly rows: readonly ArrivedRow[] }
  | { readonly kind: 'resume'; readonly client: WriterClient }
  | { readonly kind: 'bye'; readonly client: WriterClient };

export interface ArrivedRow {
  readonly cells: Cells;
  readonly line: string;
}

/** Told before a writer must be sent away: its answers are short, so this many bytes unread mean that it is stuck. */
const MAX_UNREAD = 1_000_000;

/** The recorder's side of one writer's socket: takes its lines apart, and holds what is known of the writer. */
export class WriterClient {
  readonly lane: number;
  readonly first: number;
  readonly open = new OpenContacts();
  /** A gateway worker's word; null for a writer that vouches for nothing. */
  voucher: Voucher | null = null;
  /** An append was refused, and the writer may still send what rests on it. */
  refusing = false;
  /** Sources that it records: it has stored their start, and not their stop. */
  readonly sources = new Set<string>();
  /** Appends settled so far. */
  settled = 0;
  saidBye = false;
  readonly #socket: Socket;
  readonly #cutter = new LineCutter();
  #greeted = false;
  #rows: ArrivedRow[] = [];
  #answer = '';

  constructor(socket: Socket, lane: number, first: number) {
    this.#socket = socket;
    this.lane = lane;
    this.first = first;
  }

  /**
   * Takes what came over the socket. Each whole append is handed to `arrived`.
   * @param greeted  told once, whether the writer is a gateway worker's
   * @returns false when it is nonsense
   */
  feed(text: string, greeted: (worker: boolean) => void, arrived: (item: Arrived) => void): boolean {
    const lines = this.#cutter.feed(text);
    if (lines === null) return false;
    for (const line of lines) if (!this.#take(line, greeted, arrived)) return false;
    return true;
  }

  #take(line: string, greeted: (worker: boolean) => void, arrived: (item: Arrived) => void): boolean {
    if (line.startsWith('[')) {
      const cells = parseRow(line);
      if (cells === null || !this.#greeted || this.#rows.length >= WAITING_ROWS) return false;
      this.#rows.push({ cells, line });
      return true;
    }
    if (!this.#greeted) {
      this.#greeted = line === SAY.worker || line === SAY.other;
      if (this.#greeted) greeted(line === SAY.worker);
      return this.#greeted;
    }
    if (line === SAY.append && this.#rows.length > 0) {
      arrived({ kind: 'append', client: this, rows: this.#rows });
      this.#rows = [];
      return true;
    }
    if (this.#rows.length > 0 || (line !== SAY.resume && line !== SAY.bye)) return false;
    arrived({ kind: line === SAY.resume ? 'resume' : 'bye', client: this });
    return true;
  }

  noteSource(source: string, started: boolean): void {
    if (started) this.sources.add(source);
    else this.sources.delete(source);
  }

  /** Adds to the next answer. */
  say(line: string): void {
    this.#answer += `${line}\n`;
  }

  /** Sends the answer. A writer that takes none of it is cut off. */
  send(): void {
    if (this.#answer === '') return;
    this.#socket.write(this.#answer);
    this.#answer = '';
    if (this.#socket.writableLength > MAX_UNREAD) this.#socket.destroy();
  }

  /** Sends the answer, then closes the socket whatever else comes over it. */
  dismiss(): void {
    this.send();
    this.#socket.destroySoon();
  }

  cut(): void {
    this.#socket.destroy();
  }
}

/** Whether rows are only ends and marks of what is stored already. */
export const areAlwaysTaken = (rows: readonly ArrivedRow[]): boolean =>
  rows.every(({ cells }) => ALWAYS_TAKEN.has(cells[0]));

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { treeProcesses } from './process-tree.ts';
import { quantile } from './statistics.ts';

/** Memory of a whole process tree, bytes. */
export interface TreeMemory {
  /** Resident pages, those that processes share counted for each. */
  readonly rss: number;
  /** The same with each shared page divided by how many share it (Linux's Pss): what the tree takes. */
  readonly pss: number;
}

export interface TreeHold extends TreeMemory {
  /** Open file descriptors. */
  readonly handles: number;
  /** Of each process by what it runs, bytes. */
  readonly pssOf: Readonly<Record<string, number>>;
  readonly processes: number;
}

function rollup(pid: number): TreeMemory {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  } catch {
    return { rss: 0, pss: 0 }; // It has ended; a zombie has none either.
  }
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { rss: field('Rss'), pss: field('Pss') };
}

/** The script that a process runs, or its program: `recorder-process`, `nginx`. */
function nameOf(pid: number): string {
  let words: string[] = [];
  try {
    words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    // It has ended.
  }
  const script = words.find((word) => /\.[cm]?[jt]s$/.test(word));
  return path.parse(script ?? words[0] ?? '').name;
}

function handlesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** What a process tree has now. The kernel walks every page table for it: some ms, paid by the one who asks. */
export function treeHold(root: number): TreeHold {
  const pids = treeProcesses(root);
  if (pids.length === 0) throw new Error(`process ${root} is gone`);
  const memories = pids.map(rollup);
  const pssOf: Record<string, number> = {};
  for (const [index, pid] of pids.entries()) {
    const name = nameOf(pid);
    pssOf[name] = (pssOf[name] ?? 0) + (memories[index]?.pss ?? 0);
  }
  return {
    pssOf,
    rss: memories.reduce((sum, { rss }) => sum + rss, 0),
    pss: memories.reduce((sum, { pss }) => sum + pss, 0),
    handles: pids.reduce((sum, pid) => sum + handlesOf(pid), 0),
    processes: pids.length,
  };
}

/** The median of five looks, 300 ms apart: a collection of garbage in between moves one of them only. */
export async function settledMemory(root: number): Promise<TreeMemory> {
  const looks: TreeMemory[] = [];
  for (let look = 0; look < 5; look += 1) {
    await sleep(300);
    looks.push(treeHold(root));
  }
  return {
    rss: quantile(
      looks.map(({ rss }) => rss),
      0.5,
    ),
    pss: quantile(
      looks.map(({ pss }) => pss),
      0.5,
    ),
  };
}

/** Watches for the greatest values until told to stop. */
export function watchMemory(root: number, everyMs: number): () => TreeMemory {
  let rss = 0;
  let pss = 0;
  const look = (): void => {
    try {
      const now = treeHold(root);
      rss = Math.max(rss, now.rss);
      pss = Math.max(pss, now.pss);
    } catch {
      // The target is gone; the measurement that follows says so.
    }
  };
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    look();
    return { rss, pss };
  };
}

import type { Surroundings } from '../command-line.ts';

const WIDTH = 30;

/** On a terminal only: what reads the output of a command has no use for it. */
export function progressBar(world: Surroundings): (file: string, share: number) => void {
  let shown = -1;
  return (file, share) => {
    const percent = Math.floor(Math.min(1, share) * 100);
    if (!world.isTerminal || percent === shown) return;
    shown = percent;
    const full = Math.round((percent / 100) * WIDTH);
    const bar = '#'.repeat(full) + '-'.repeat(WIDTH - full);
    world.complain(`\r[${bar}] ${percent} % ${file}${percent === 100 ? '\n' : ''}`);
  };
}

// A forked process for the tests of links: `link-child.ts WHAT`.
import { parentLink } from '../../src/platform/rpc.ts';

const link = parentLink();
const [what] = process.argv.slice(2);
link.onClosed(() => {
  if (what === 'stubborn') setInterval(() => undefined, 1000);
});
link.onMessage((message) => {
  if (what === 'echo') link.send({ echo: message });
  if (what === 'talk-and-die') {
    for (let i = 0; i < 99; i++) link.send({ i, filling: 'x'.repeat(10_000) });
    // Once the kernel has the last one, it has them all.
    process.send?.({ i: 99 }, undefined, undefined, () => process.exit(0));
  }
  if (what === 'stubborn') link.close();
});

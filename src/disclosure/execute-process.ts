import { text } from 'node:stream/consumers';
import { problemOf } from '../model/errors.ts';
import { executeGrant, type ExecutionOrder } from './execution.ts';

/**
 * The disclosure process: one order on stdin, one reply on stdout, then it ends. Token and answer go through the pipes
 * only; arguments and environment, which others on the machine can read, hold nothing. It is the only process that ever
 * reads the private disclosure key (R6).
 */
async function main(): Promise<void> {
  // The caller is our own program (executor.ts); the order's claims are checked against the journal.
  const order = JSON.parse(await text(process.stdin)) as ExecutionOrder;
  const reply = await executeGrant(order).then(
    (answer) => ({ ok: true, answer }),
    (error: unknown) => {
      const { code, detail, where } = problemOf(error);
      return { ok: false, code, detail, where: where ?? null };
    },
  );
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(JSON.stringify(reply), (error) => (error ? reject(error) : resolve()));
  });
}

main().catch(() => {
  // Nothing of the fault may reach a terminal or a log; the caller sees that there was no reply.
  process.exitCode = 1;
});

import type { Reporter, TestModule } from 'vitest/node';

/** Prints the plain closing line that CI reads: `N passed, N failed`, with the skipped ones when there are any. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      let tests = 0;
      for (const test of module.children.allTests()) {
        tests += 1;
        const { state } = test.result();
        if (state === 'passed') count.passed += 1;
        else if (state === 'failed') count.failed += 1;
        else count.skipped += 1;
      }
      if (tests === 0 && module.state() === 'failed') count.failed += 1;
    }
    // A run that could not begin (a tool is missing in CI) has tested nothing, which is no success.
    if (modules.length === 0) count.failed += 1;
    const skipped = count.skipped === 0 ? '' : `, ${count.skipped} skipped`;
    // After the default reporter's summary, which is written in the same tick.
    process.on('exit', () =>
      process.stdout.write(`${count.passed} passed, ${count.failed} failed${skipped}\n`),
    );
  }
}

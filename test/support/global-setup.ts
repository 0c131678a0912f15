import { missingTools } from './tools.ts';

/** Says once which suites are left out on this machine, and how to get them; in CI a missing tool is a failure. */
export default function setup(): void {
  const missing = missingTools();
  if (missing.length === 0) return;
  const lines = missing.map(
    (tool) => `  ${tool.command}: ${tool.suites} (apt-get install ${tool.debianPackage})`,
  );
  const text = `These tools are not installed; their suites are left out:\n${lines.join('\n')}\n`;
  if (process.env['CI'] === 'true') throw new Error(`${text}In CI that is a failure: .ci/run installs them.`);
  process.stderr.write(text);
}

/** Tells the bench where a server listens, and ends with it. */
export function announcePort(url: string): void {
  process.stdout.write(`listening ${new URL(url).port}\n`);
  process.once('SIGTERM', () => process.exit(0));
}

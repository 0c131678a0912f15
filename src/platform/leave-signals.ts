/**
 * Leaves it to the parent process when to stop and when to reload: a terminal and a service manager tell the whole
 * group, also by a hang-up.
 */
export function leaveSignalsToParent(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
}

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { ShudiError } from '../model/errors.ts';
import type { ErrorCode } from '../model/error-codes.ts';

/** What a thread module offers: named functions of one argument, synchronous or not. */
export type ThreadService = { readonly [method: string]: (argument: never) => unknown };

const YOUNG_MB = 8;

interface Call {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: {
    readonly code: ErrorCode | null;
    readonly message: string;
    readonly where: string | null;
  };
}

/** A service in a thread of its own: disk waits there do not hold up a request here (R11). */
export interface Thread<Service extends ThreadService> {
  /** Calls a method; rejects with the service's ShudiError, or `records.unavailable` when the thread has died. */
  call<Name extends keyof Service & string>(
    method: Name,
    argument: Parameters<Service[Name]>[0],
  ): Promise<Awaited<ReturnType<Service[Name]>>>;
  /** Ends the thread after the calls under way. */
  stop(): Promise<void>;
  /** Resolves with the error (or null for a wanted end) when the thread is gone. */
  readonly ended: Promise<Error | null>;
}

/**
 * Starts the module at `url` as a thread; the module calls `serveThread`. Resolves when its service is open.
 * @param setup  structured-clonable data for the service
 */
export async function startThread<Service extends ThreadService>(
  url: URL,
  setup: unknown,
): Promise<Thread<Service>> {
  const worker = new Worker(url, {
    workerData: { shudiThread: true, setup },
    // What passes through lives shortly: a small young generation is enough, and saves some 10 MB a thread.
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>();
  let next = 1;
  let gone: Error | null = null;
  let wanted = false;
  const ended = new Promise<Error | null>((resolve) => {
    let fault: Error | null = null;
    worker.on('error', (error) => {
      fault = error instanceof Error ? error : new Error(String(error));
    });
    worker.on('exit', () => {
      gone = fault ?? new Error('thread ended');
      for (const call of waiting.values())
        call.reject(new ShudiError('records.unavailable', 'A storage thread has ended.', null, gone));
      waiting.clear();
      resolve(wanted ? null : gone);
    });
  });
  worker.on('message', (answer: Answer) => {
    const call = waiting.get(answer.id);
    if (call === undefined) return;
    waiting.delete(answer.id);
    if (answer.error === undefined) call.resolve(answer.value as never);
    else call.reject(revive(answer.error));
  });
  const send = (method: string, argument: unknown): Promise<never> =>
    new Promise<never>((resolve, reject) => {
      if (gone !== null) {
        reject(new ShudiError('records.unavailable', 'A storage thread has ended.', null, gone));
        return;
      }
      const id = next++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, method, argument } satisfies Call);
    });
  try {
    await send('', null);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    call: (method, argument) => send(method, argument),
    stop: async () => {
      wanted = true;
      if (gone === null) await send('close', null).catch(() => undefined);
      await worker.terminate();
    },
    ended,
  };
}

function revive(error: NonNullable<Answer['error']>): Error {
  return error.code === null
    ? new Error(error.message)
    : new ShudiError(error.code, error.message, error.where);
}

/**
 * The other half of `startThread`: opens the service with the setup, then answers calls in their order.
 * An optional method `close` runs at the end. Does nothing outside such a thread.
 */
export function serveThread<Setup, Service extends ThreadService>(
  open: (setup: Setup) => Service | Promise<Service>,
): void {
  const data: unknown = workerData;
  if (
    isMainThread ||
    parentPort === null ||
    typeof data !== 'object' ||
    data === null ||
    !('shudiThread' in data)
  )
    return;
  const port = parentPort;
  const { setup } = data as unknown as { setup: Setup };
  const opening = Promise.resolve().then(() => open(setup));
  // A failed opening is told to each caller; this keeps it from counting as unhandled before the first asks.
  opening.catch(() => undefined);
  port.on('message', (call: Call) => {
    void answer(opening, call).then((result) => port.postMessage(result));
  });
}

async function answer(opening: Promise<ThreadService>, call: Call): Promise<Answer> {
  try {
    const service = await opening;
    const method = Object.hasOwn(service, call.method) ? service[call.method] : undefined;
    return { id: call.id, value: await method?.(call.argument as never) };
  } catch (error) {
    const code = error instanceof ShudiError ? error.code : null;
    const where = error instanceof ShudiError ? error.where : null;
    return {
      id: call.id,
      error: { code, message: error instanceof Error ? error.message : 'failed', where },
    };
  }
}

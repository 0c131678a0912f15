import { ShudiError } from '../model/errors.ts';

/** Waits so long and no longer. @throws ShudiError internal.fault when it took too long */
export async function within<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ShudiError('internal.fault', 'It took too long.')), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

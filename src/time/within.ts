/** A limit in time for whatever is waited for. */

/**
 * Rejects when the promise has not settled in time; the promise itself goes on and is ignored. Unless `keepAlive` is
 * false, the process waits for the outcome.
 */
export async function within<T>(milliseconds: number, promise: Promise<T>, keepAlive = true): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
    if (!keepAlive) timer.unref();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

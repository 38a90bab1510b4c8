/**
 * Loaded into the Haraka process by `--require`: how long its event loop was held up. Whoever connects to the socket
 * named in `BENCH_WATCH` reads the figures since the last time, as JSON.
 */
import net from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread, threadId } from 'node:worker_threads';
import { onCpu } from './measure';

export interface LoopFigures {
  /** The longest pause by `perf_hooks`, in milliseconds: the loop's own work, and waiting for a processor. */
  readonly pause: number;
  /** The longest time between two turns of the loop that the thread spent on a processor, in milliseconds. */
  readonly held: number;
  readonly resident: number;
}

/** Milliseconds between two looks. */
const resolution = 2;

export function watch(socket: string): void {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  let held = 0;
  let before = onCpu('/proc/self');
  const timer = setInterval(() => {
    const now = onCpu('/proc/self');
    held = Math.max(held, now - before);
    before = now;
  }, resolution);
  timer.unref();
  const server = net.createServer((client) => {
    const pause = Math.max(delay.max / 1e6 - resolution, 0);
    client.end(JSON.stringify({ pause, held, resident: process.memoryUsage.rss() } satisfies LoopFigures));
    delay.reset();
    held = 0;
  });
  server.listen(socket);
  server.unref();
}

/** What the process behind the socket has to say since the last time. */
export async function figuresFrom(socket: string): Promise<LoopFigures> {
  let text = '';
  for await (const chunk of net.connect(socket).setEncoding('utf8')) text += chunk;
  return JSON.parse(text) as LoopFigures;
}

const { BENCH_WATCH } = process.env;
if (BENCH_WATCH && isMainThread && threadId === 0) watch(BENCH_WATCH);

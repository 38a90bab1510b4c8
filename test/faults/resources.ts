/** What the processes of a running Haraka hold: asked of the probe plugin, and read from `/proc` as the kernel has it. */
import fs from 'node:fs';
import type { RunningHaraka } from '../live/harness/haraka';
import { eventually } from '../live/harness/talk';

export interface Holdings {
  readonly pid: number;
  /** Bytes in use after collection: the heap, and buffers outside of it. */
  readonly memory: number;
  /** Timers that the suite has made and that have neither fired nor been cleared. */
  readonly timers: number;
  /** Watchers of files, anybody's, and what the kernel watches for them. */
  readonly watchers: number;
  readonly watches: number;
  /** Connections that are still in memory. */
  readonly connections: number;
  readonly sockets: number;
  readonly files: number;
  readonly threads: number;
  /** What keeps the process alive, by kind. */
  readonly active: Readonly<Record<string, number>>;
}

/** The workers at this moment, or the one process. */
export function servingPids(haraka: RunningHaraka): readonly number[] {
  const children = fs.readFileSync(`/proc/${haraka.pid}/task/${haraka.pid}/children`, 'utf8').trim();
  return children === '' ? [haraka.pid] : children.split(' ').map(Number);
}

export async function holdingsOf(haraka: RunningHaraka, pid: number): Promise<Holdings> {
  const before = haraka.log().length;
  process.kill(pid, 'SIGUSR2');
  const lines = await eventually(
    (found) => found.length > 0,
    async () =>
      haraka
        .log()
        .slice(before)
        .match(new RegExp(`^probe: \\{"pid":${pid},.*\\}$`, 'm')) ?? [],
    60_000,
  );
  const told = JSON.parse((lines[0] as string).slice('probe: '.length)) as Omit<Holdings, keyof KernelView>;
  return { ...told, ...kernelView(pid) };
}

type KernelView = Pick<Holdings, 'watches' | 'sockets' | 'files' | 'threads'>;

function kernelView(pid: number): KernelView {
  let [watches, sockets, files] = [0, 0, 0];
  for (const fd of fs.readdirSync(`/proc/${pid}/fd`)) {
    const target = ignoringGone(() => fs.readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? '';
    if (target.startsWith('socket:')) sockets++;
    else if (target.startsWith('/')) files++;
    else if (target === 'anon_inode:inotify') {
      const info = ignoringGone(() => fs.readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')) ?? '';
      watches += info.split('\n').filter((line) => line.startsWith('inotify ')).length;
    }
  }
  return { watches, sockets, files, threads: fs.readdirSync(`/proc/${pid}/task`).length };
}

/** A descriptor may be closed between the listing and the reading. */
function ignoringGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** What there is more of than before, beyond what comes and goes by itself. */
export function leaks(before: Holdings, after: Holdings, spareMemory: number): readonly string[] {
  const counted = ['watchers', 'watches', 'timers', 'connections', 'sockets', 'files', 'threads'] as const;
  const more = counted
    .filter((kind) => after[kind] > before[kind] + slack[kind])
    .map((kind) => `${kind}: ${before[kind]} before, ${after[kind]} after`);
  if (after.memory > before.memory + spareMemory) {
    more.push(`memory: ${kilobytes(before.memory)} before, ${kilobytes(after.memory)} after`);
  }
  for (const [kind, count] of Object.entries(after.active)) {
    if (kind === 'Timeout' || kind === 'Immediate') continue;
    const had = before.active[kind] ?? 0;
    if (count > had + 1) more.push(`${kind}: ${had} before, ${count} after`);
  }
  return more.map((text) => `process ${after.pid}: ${text}`);
}

/**
 * A look at the files may be under way; a parser's thread lives on for a moment; Haraka keeps the socket of a client
 * until it has seen its end. A leak grows with what was done hundreds of times.
 */
const slack = { watchers: 0, watches: 0, timers: 2, connections: 4, sockets: 2, files: 2, threads: 2 } as const;

export function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} KB`;
}

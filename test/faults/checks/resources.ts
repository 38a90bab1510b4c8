/** What the processes of a running Haraka hold: asked of the probe plugin, and read from `/proc` as the kernel has it. */
import fs from 'node:fs';
import type { RunningHaraka } from '../../../testkit/live/haraka';
import { eventually } from '../../../testkit/live/talk';
import type { Offence } from './ledger';

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

export interface Leak {
  readonly offence: Offence;
  readonly text: string;
}

/** What there is more of than before, beyond what comes and goes by itself. */
export function leaks(before: Holdings, after: Holdings, spareMemory: number): readonly Leak[] {
  const found: Leak[] = [];
  const leak = (offence: Offence, what: string, had: number | string, has: number | string) =>
    found.push({ offence, text: `process ${after.pid}: ${what}: ${had} before, ${has} after` });
  for (const [kind, { slack, offence }] of Object.entries(counted) as [Counted, Counting][]) {
    if (after[kind] > before[kind] + slack) leak(offence, kind, before[kind], after[kind]);
  }
  if (after.memory > before.memory + spareMemory) {
    leak('memory', 'memory', kilobytes(before.memory), kilobytes(after.memory));
  }
  for (const [kind, count] of Object.entries(after.active)) {
    if (kind === 'Timeout' || kind === 'Immediate') continue;
    const had = before.active[kind] ?? 0;
    if (count > had + 1) leak(/^(TCP|TLS|UDP|Pipe)/.test(kind) ? 'sockets' : 'other', kind, had, count);
  }
  return found;
}

type Counted = 'watchers' | 'watches' | 'timers' | 'connections' | 'sockets' | 'files' | 'threads';

interface Counting {
  readonly slack: number;
  readonly offence: Offence;
}

/**
 * A look at the files may be under way; a parser's thread lives on for a moment; Haraka keeps the socket of a client
 * until it has seen its end. A leak grows with what was done hundreds of times.
 */
const counted: Readonly<Record<Counted, Counting>> = {
  watchers: { slack: 0, offence: 'watchers' },
  watches: { slack: 0, offence: 'watchers' },
  timers: { slack: 2, offence: 'timers' },
  connections: { slack: 4, offence: 'sockets' },
  sockets: { slack: 2, offence: 'sockets' },
  files: { slack: 2, offence: 'other' },
  threads: { slack: 2, offence: 'other' },
};

export function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1024)} KB`;
}

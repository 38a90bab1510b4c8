/**
 * When to look at files: soon after an event tells of a change in one of their folders, and at the latest when the
 * caller asks for it, for mounts and file systems that send no events. Neither timer nor watcher keeps the process alive.
 */
import { type FSWatcher, watch } from 'node:fs';
import { DeadlineTimer } from '../../time/deadline-timer';

/** Long enough for the several events of one change to come together. Milliseconds. */
const eventDelay = 20;

export class FileWatcher {
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly timer: DeadlineTimer;
  private closed = false;

  constructor(look: () => void) {
    this.timer = new DeadlineTimer(look);
  }

  /** Brings the next look forward, never puts it off. */
  schedule(delay: number): void {
    this.timer.schedule(delay);
  }

  /** Watches these folders and no others. Where no event comes from, the caller's own looks do the work. */
  watch(folders: ReadonlySet<string>): void {
    if (this.closed) return;
    for (const [folder, watcher] of this.watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.schedule(eventDelay));
        watcher.on('error', () => {
          watcher.close();
          this.watchers.delete(folder);
        });
        this.watchers.set(folder, watcher);
      } catch {
        // Not there, or not to be watched.
      }
    }
  }

  close(): void {
    this.closed = true;
    this.timer.close();
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
  }
}

/**
 * What the master of a cluster leaves to workers that come later: versions in force that can no longer be read from the
 * disk. They lie in a private folder, which goes with the master; a worker looks there once, at its start.
 */
import cluster from 'node:cluster';
import { promises as fs, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPacked, writePacked } from './packed-file';
import type { StoreLog } from './store-log';

/** As it was when this process started: an update may change the file. It lies one folder above `dist`. */
const { version: ownVersion } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
  version: string;
};

/** A worker has the environment of its master, as it is when the worker is forked. */
const variable = 'SMTPCHECK_IN_FORCE';

interface Notice {
  readonly folder?: string | undefined;
  /** What no worker may start without, although it may be missing at the start of the master. */
  readonly needed: readonly string[];
}

/** A version in force, as plain data. */
interface Kept {
  readonly hash: string;
  readonly stamp: string;
}

interface Left {
  /** Of this package: another may mean something else by the same data. */
  readonly version: string;
  /** Where it would be read from. */
  readonly path: string;
  readonly kept: unknown;
}

/** The master's side. In any other process it does nothing. */
export class HandOver {
  private folder: string | undefined;
  private readonly needed = new Set<string>();
  /** Names under which something is left, or about to be. */
  private readonly wanted = new Set<string>();
  /** Which version was left under each name. */
  private readonly left = new Map<string, string>();
  private complaint = '';
  private work: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly log: StoreLog,
    private readonly hasWorkers = () => cluster.isPrimary && cluster.settings.exec !== undefined,
  ) {}

  /** Whether a worker must not start without it, be it on the disk or left here. */
  need(name: string, isNeeded: boolean): void {
    if (this.needed.has(name) === isNeeded || !this.hasWorkers()) return;
    if (isNeeded) this.needed.add(name);
    else this.needed.delete(name);
    this.tellWorkers();
  }

  /**
   * Leaves what is in force to workers that look for it at `path`. To be called again while it holds: what was left is
   * seen to, as folders for temporary files are swept.
   */
  leave<K extends Kept>(name: string, path: string, kept: K): void {
    if (!this.hasWorkers()) return;
    const which = JSON.stringify([path, kept.hash, kept.stamp]);
    this.wanted.add(name);
    this.enqueue(async () => {
      if (this.left.get(name) === which && (await this.isThere(name))) return;
      this.left.delete(name);
      await this.write(name, { version: ownVersion, path, kept }).catch(async (error: unknown) => {
        // What was in force before is not to come back.
        await this.discard(name);
        throw error;
      });
      this.left.set(name, which);
      this.complaint = '';
    });
  }

  /** What is on the disk can be taken by every worker. */
  withdraw(name: string): void {
    if (!this.wanted.delete(name)) return;
    this.enqueue(() => this.discard(name));
  }

  /** Resolves when all that was asked for is done. Never rejects. */
  done(): Promise<void> {
    return this.work;
  }

  close(): void {
    this.closed = true;
    process.off('exit', this.remove);
    process.off('SIGTERM', this.removeAndEnd);
    this.remove();
    if (this.hasWorkers()) delete process.env[variable];
  }

  private enqueue(task: () => Promise<void>): void {
    const unlessClosed = async () => (this.closed ? undefined : task());
    this.work = this.work.then(unlessClosed).catch((error: unknown) => {
      if (this.closed) return;
      const complaint = `what is in force cannot be left to workers that come later: ${String(error)}`;
      if (complaint !== this.complaint) this.log.logerror(complaint);
      this.complaint = complaint;
    });
  }

  /** Also keeps those away who sweep by age. */
  private async isThere(name: string): Promise<boolean> {
    const now = new Date();
    return fs.utimes(join(this.folder ?? '', name), now, now).then(
      () => true,
      () => false,
    );
  }

  private async discard(name: string): Promise<void> {
    this.left.delete(name);
    if (this.folder) await fs.rm(join(this.folder, name), { force: true });
  }

  /** Written aside and renamed: a worker may look at any moment. */
  private async write(name: string, left: Left): Promise<void> {
    const folder = await this.ownFolder();
    const aside = join(folder, `${name}.new`);
    await writePacked(aside, left);
    await fs.rename(aside, join(folder, name));
    this.tellWorkers();
  }

  private async ownFolder(): Promise<string> {
    // Under a name that is gone somebody else may have made another.
    if (this.folder && (await fs.stat(this.folder).catch(() => undefined))) return this.folder;
    this.left.clear();
    const folder = mkdtempSync(join(tmpdir(), 'smtpcheck-in-force-'));
    this.folder = folder;
    process.off('exit', this.remove).once('exit', this.remove);
    process.off('SIGTERM', this.removeAndEnd).once('SIGTERM', this.removeAndEnd);
    return folder;
  }

  private tellWorkers(): void {
    if (this.closed) return;
    const notice: Notice = { folder: this.folder, needed: [...this.needed] };
    process.env[variable] = JSON.stringify(notice);
  }

  private readonly remove = (): void => {
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    this.folder = undefined;
  };

  /** Haraka leaves this signal to Node, which ends a process without a word to anybody. */
  private readonly removeAndEnd = (): void => {
    if (process.listenerCount('SIGTERM') > 0) return;
    this.remove();
    process.kill(process.pid, 'SIGTERM');
  };
}

/** What was left under a name: nothing, what is in force in the master, or something that is not to be used. */
export type Found =
  | { readonly state: 'nothing' }
  | { readonly state: 'kept'; readonly kept: unknown }
  | { readonly state: 'unusable'; readonly reason: string };

/** The worker's side. */
export class Inheritance {
  constructor(private readonly notice: Notice = { needed: [] }) {}

  /** What this process has from its master; nothing where it has none. */
  static ofThisProcess(isWorker = cluster.isWorker, env = process.env): Inheritance {
    const text = isWorker ? env[variable] : undefined;
    return new Inheritance(text === undefined ? undefined : (JSON.parse(text) as Notice));
  }

  /**
   * Where something is not on the disk: `path` is where it would be. A version that the master needs and has not yet
   * left is `unusable` too: the master, which finds a deletion a moment later, will have left it to the next worker.
   */
  find(name: string, path: string): Found {
    const left = this.read(name);
    if (typeof left === 'string') return { state: 'unusable', reason: left };
    if (left?.path === path) return { state: 'kept', kept: left.kept };
    if (!this.notice.needed.includes(name)) return { state: 'nothing' };
    return { state: 'unusable', reason: 'the master of the cluster has its content in force and has not left it yet' };
  }

  private read(name: string): Left | string | undefined {
    if (this.notice.folder === undefined) return undefined;
    try {
      const left = readPacked(join(this.notice.folder, name)) as Left;
      if (left.version === ownVersion) return left;
      return `what the master of the cluster left of it is of version ${left.version} of this package`;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      return `what the master of the cluster left of it cannot be read: ${String(error)}`;
    }
  }
}

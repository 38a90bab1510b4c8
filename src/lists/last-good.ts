/**
 * The last good text of each list and of the settings. The master of a cluster keeps there what it has in force, in a
 * private directory that it removes when it ends; a worker that starts while a file is missing or faulty loads that text.
 */
import cluster from 'node:cluster';
import { promises as fs, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOf } from './files/file-reader';
import type { Numbering } from './generations';
import type { StoreLog } from './store-log';

/** A worker has the environment of its master, as it is when the worker is forked. */
const variable = 'SMTPCHECK_LAST_GOOD';

/** The file that a text is of, and its hash; without one for what is missing in the master too, or not named there. */
interface Kept {
  readonly file: string;
  readonly hash?: string | undefined;
}

interface Notice {
  readonly directory?: string | undefined;
  readonly kept: Readonly<Record<string, Kept>>;
  readonly numbering?: Numbering | undefined;
}

/** `unknown`: this process is no worker, so nobody knows of an earlier version. */
export type LastGood =
  | { readonly state: 'text'; readonly file: string; readonly bytes: Uint8Array }
  | { readonly state: 'nothing'; readonly file: string }
  | { readonly state: 'unknown' }
  | { readonly state: 'unavailable'; readonly reason: string };

/** Often enough for programs that remove old temporary files. Milliseconds. */
const touchInterval = 3_600_000;

export class LastGoodStore {
  private directory: string | undefined;
  private readonly kept: Record<string, Kept> = {};
  private ownNumbering: Numbering | undefined;
  private complaint = '';
  private touchedAt = performance.now();

  /** `isMaster`: of a process that has workers or will have some. `notice`: what a worker has from its master. */
  constructor(
    private readonly log: Pick<StoreLog, 'logerror'>,
    readonly isMaster: boolean,
    private readonly notice?: Notice,
  ) {}

  /** `hasWorkers`: whether the primary process of this cluster forks workers. */
  static ofThisProcess(log: Pick<StoreLog, 'logerror'>, hasWorkers: boolean): LastGoodStore {
    const text = cluster.isWorker ? process.env[variable] : undefined;
    return new LastGoodStore(log, hasWorkers && cluster.isPrimary, text ? (JSON.parse(text) as Notice) : undefined);
  }

  /** Keeps the text that is in force now; none for a list that is missing or not named. Does nothing outside the master. */
  keep(name: string, file: string, bytes?: Uint8Array): void {
    if (!this.isMaster) return;
    this.kept[name] = { file, hash: bytes && hashOf(bytes) };
    try {
      if (bytes) this.write(name, bytes);
      this.complaint = '';
    } catch (error) {
      const complaint = `the last good text of ${name} cannot be kept for workers that start later: ${String(error)}`;
      if (complaint !== this.complaint) this.log.logerror(complaint);
      this.complaint = complaint;
    }
    this.publish();
  }

  /** For a list of which the master itself has no version. */
  forget(name: string): void {
    if (!this.isMaster) return;
    delete this.kept[name];
    this.publish();
  }

  /** For workers that start later. Does nothing outside the master. */
  keepNumbering(numbering: Numbering): void {
    if (!this.isMaster) return;
    this.ownNumbering = numbering;
    this.publish();
  }

  /** How the master numbered what it had in force when this worker was forked. */
  get numbering(): Numbering | undefined {
    return this.notice?.numbering;
  }

  /** What the master has in force. */
  find(name: string): LastGood {
    if (!this.notice) return { state: 'unknown' };
    const { directory, kept } = this.notice;
    if (!kept[name]) return unavailable('the master of the cluster has no version of it in force');
    const { file, hash } = kept[name];
    if (hash === undefined) return { state: 'nothing', file };
    try {
      const bytes = readFileSync(join(directory ?? '', name));
      return hashOf(bytes) === hash
        ? { state: 'text', file, bytes }
        : unavailable('the last good text is not the one that the master of the cluster has in force');
    } catch (error) {
      return unavailable(`the last good text cannot be read: ${String(error)}`);
    }
  }

  /** To be called now and then: keeps away programs that remove temporary files by their age. */
  touch(): void {
    const now = performance.now();
    const { directory } = this;
    if (!directory || now - this.touchedAt < touchInterval) return;
    this.touchedAt = now;
    const paths = [directory, ...Object.keys(this.kept).map((name) => join(directory, name))];
    for (const path of paths) void fs.utimes(path, new Date(), new Date()).catch(() => {});
  }

  close(): void {
    process.off('exit', this.remove);
    process.off('SIGTERM', this.removeAndEnd);
    this.remove();
    if (this.isMaster) delete process.env[variable];
  }

  /** Written aside and renamed: a worker may look at any moment. */
  private write(name: string, bytes: Uint8Array): void {
    const path = join(this.ownDirectory(), name);
    writeFileSync(`${path}.new`, bytes, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  private ownDirectory(): string {
    const { directory } = this;
    // Under a name that is gone somebody else may have made another.
    const owner = directory && statSync(directory, { throwIfNoEntry: false })?.uid;
    if (directory && owner === process.getuid?.()) return directory;
    const made = mkdtempSync(join(tmpdir(), 'smtpcheck-last-good-'));
    this.directory = made;
    process.off('exit', this.remove).once('exit', this.remove);
    process.off('SIGTERM', this.removeAndEnd).once('SIGTERM', this.removeAndEnd);
    return made;
  }

  private publish(): void {
    const notice: Notice = { directory: this.directory, kept: this.kept, numbering: this.ownNumbering };
    process.env[variable] = JSON.stringify(notice);
  }

  private readonly remove = (): void => {
    if (this.directory) rmSync(this.directory, { recursive: true, force: true });
    this.directory = undefined;
  };

  /** Haraka leaves this signal to Node, which ends a process without a word to anybody. */
  private readonly removeAndEnd = (): void => {
    if (process.listenerCount('SIGTERM') > 0) return;
    this.remove();
    process.kill(process.pid, 'SIGTERM');
  };
}

function unavailable(reason: string): LastGood {
  return { state: 'unavailable', reason };
}

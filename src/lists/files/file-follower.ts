/**
 * Follows files: polls each for itself, when an event tells of a change and by the clock, and reads what has become stable.
 * `list-state.ts` decides; a file whose file system is silent holds up no other.
 */
import { dirname } from 'node:path';
import type { Finding } from '../../policy/findings/finding';
import { timerSlack } from '../../time/deadline-timer';
import { within } from '../../time/within';
import {
  initialState,
  type ListEvent,
  type ListRule,
  type ListState,
  ownVersion,
  type Transition,
  transition,
  type Version,
} from '../list-state';
import { type GoneMessages, logReport, logRestored, type Rejection, rejectionAfter, type StoreLog } from '../store-log';
import type { BoundedFileReader } from './bounded-reader';
import type { FileRead, NoContent } from './file-reader';
import { FileWatcher } from './file-watcher';

/** `[main] poll` and `settle`. */
export interface FollowPace {
  readonly poll: number;
  readonly settle: number;
}

/** Without `data` it has faults, or is the known version. `omitted`: how many findings there are besides. */
export type FileReading<T> =
  | NoContent
  | {
      readonly state: 'parsed';
      readonly fingerprint: string;
      readonly hash: string;
      readonly data?: T;
      readonly findings: readonly Finding[];
      readonly omitted: number;
      readonly text?: Uint8Array;
    };

/** A file, and what becomes of what it holds. */
export interface FileSource<T> {
  readonly path: string;
  readonly rule: ListRule<T>;
  /** What the log says where the file was deleted and its last content stays in force. */
  readonly keptMessage: string;
  /** Reads and parses the file; `undefined` where it is not as expected. `known` is the hash of the version in force. */
  read(source: FileRead, known: string | undefined): Promise<FileReading<T> | undefined>;
  /** Called with each version that has been applied, and its text. */
  applied(version: Version<T>, text: Uint8Array | undefined): void;
}

export class FollowedFile<T> {
  /** Why what the file holds, or that it is gone, is not in force. */
  rejection: Rejection | undefined;
  /** Milliseconds that the last version took to be read and parsed. */
  readTime = 0;
  private state: ListState<T>;
  private running: Promise<void> | undefined;
  private isAskedAgain = false;
  private closed = false;

  /** `version`: what is in force, be it of this file or of what the settings named before. */
  constructor(
    readonly source: FileSource<T>,
    private readonly reader: Pick<BoundedFileReader, 'stat' | 'limit'>,
    private readonly log: StoreLog,
    version: Version<T> | undefined,
  ) {
    this.state = initialState(source.rule, version);
  }

  get version(): Version<T> | undefined {
    return this.state.version;
  }

  /** Of this file, and not of what the settings named before. */
  get ownVersion(): Version<T> | undefined {
    return ownVersion(this.source.rule, this.state);
  }

  get isPolled(): boolean {
    return this.running !== undefined;
  }

  /** Whether a change was seen that is not stable yet. */
  get isPending(): boolean {
    return this.state.change !== undefined && !this.isPolled;
  }

  /**
   * Resolves when the file has been looked at, or its file system has been silent for as long as anybody waits. Never
   * rejects. `ended`: called when the look is over, and told whether another was asked for meanwhile.
   */
  poll(settle: number, ended: (isAskedAgain: boolean) => void): Promise<void> {
    if (this.running) {
      this.isAskedAgain = true;
      return this.running;
    }
    const over = this.look(settle)
      .catch((error: unknown) => this.log.logerror(`looking at ${this.source.rule.file} failed: ${String(error)}`))
      .finally(() => {
        const { isAskedAgain } = this;
        this.running = undefined;
        this.isAskedAgain = false;
        if (!this.closed) ended(isAskedAgain);
      });
    this.running = within(this.reader.limit, over, false).catch(() => {});
    return this.running;
  }

  /** What is found from here on changes nothing. */
  close(): void {
    this.closed = true;
  }

  private async look(settle: number): Promise<void> {
    const { source } = this;
    const { path, rule } = source;
    const stat = await this.reader.stat(rule.file, path);
    if (this.closed) return;
    const startedAt = performance.now();
    const seen = transition(rule, this.state, {
      type: 'seen',
      fingerprint: stat.fingerprint,
      at: startedAt,
      settle,
    });
    this.enter(seen);
    const { state, next } = seen;
    if (!next) return;
    const unchangedFor = next === 'read-held' ? settle : undefined;
    const reading = await source.read({ path, ...stat, unchangedFor }, ownVersion(rule, state)?.hash);
    if (reading && !this.closed) this.apply(reading, performance.now() - startedAt);
  }

  private apply(reading: FileReading<T>, readTime: number): void {
    const { rule, applied } = this.source;
    const entered = transition(rule, this.state, eventOf(reading));
    this.enter(entered);
    const { state, report } = entered;
    if (report) logReport(this.log, rule.file, report, this.goneMessages);
    const isNew = report?.type === 'applied' || report?.type === 'emptied';
    if (isNew) this.readTime = readTime;
    if (isNew && state.version) applied(state.version, 'text' in reading ? reading.text : undefined);
  }

  private enter(entered: Transition<T>): void {
    const wasRejected = this.rejection !== undefined;
    this.state = entered.state;
    this.rejection = rejectionAfter(this.rejection, entered, this.goneMessages);
    if (wasRejected && !this.rejection && !entered.report) logRestored(this.log, this.source.rule.file);
  }

  private get goneMessages(): GoneMessages {
    const { rule, keptMessage: kept } = this.source;
    return {
      kept,
      unknown: `${rule.file} is missing, and its last good version is not known: what it could decide is deferred`,
    };
  }
}

function eventOf<T>(reading: FileReading<T>): ListEvent<T> {
  switch (reading.state) {
    case 'missing':
      return { ...reading, type: 'gone' };
    case 'unreadable':
      return { ...reading, type: 'unreadable' };
    case 'parsed':
      return { ...reading, type: 'read' };
  }
}

type AnyFile = Pick<FollowedFile<unknown>, 'poll' | 'isPending' | 'isPolled' | 'close'> & {
  readonly source: { readonly path: string };
};

export class FileFollower {
  private readonly watcher = new FileWatcher(() => void this.check());
  private closed = false;

  /** `files`: those to be followed now. */
  constructor(
    private readonly files: () => readonly AnyFile[],
    private readonly pace: () => FollowPace,
  ) {}

  /** Nothing of it keeps the process alive. */
  follow(): void {
    this.watchFolders();
    this.schedule(this.pace().poll);
  }

  /** Brings the next look forward, never puts it off. */
  schedule(delay: number): void {
    this.watcher.schedule(delay);
  }

  /** Looks at all files now; resolves when what is stable has been applied, or its file system is silent. Never rejects. */
  async check(): Promise<void> {
    if (this.closed) return;
    const { poll, settle } = this.pace();
    this.schedule(poll);
    await Promise.all(this.files().map((file) => file.poll(settle, (isAskedAgain) => this.polled(isAskedAgain))));
  }

  close(): void {
    this.closed = true;
    this.watcher.close();
    for (const file of this.files()) file.close();
  }

  private polled(isAskedAgain: boolean): void {
    if (this.closed) return;
    const files = this.files();
    const { poll, settle } = this.pace();
    if (isAskedAgain || files.some((file) => file.isPending)) this.schedule(Math.min(settle + timerSlack, poll));
    // To watch a folder of a file system that is silent would hold up everything.
    if (!files.some((file) => file.isPolled)) this.watchFolders();
  }

  /** Events only hurry the next look; where none come, the poll finds the change. */
  private watchFolders(): void {
    this.watcher.watch(new Set(this.files().map(({ source }) => dirname(source.path))));
  }
}

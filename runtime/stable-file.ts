/**
 * When to read a file that is polled: once it has stayed the same for a while, since half of one must not be applied. Where
 * one file replaces the other without end, one of them is read.
 */
import type { BoundedFileReader } from './bounded-reader';
import type { FileRead } from './file-reader';

/** So many times `settle` may one file follow the other before one that is gone again counts as well. */
const maxUnstableFactor = 10;

interface Change {
  /** When a change was seen first. */
  readonly from: number;
  readonly stamp: string;
  /** Since when the stamp has been that. */
  readonly since: number;
}

export class StableFile {
  private change: Change | undefined;

  /** `file` is its name for the log. */
  constructor(
    readonly file: string,
    readonly path: string,
    private readonly reader: BoundedFileReader,
  ) {}

  /** Whether it has become another and has yet to stay the same. */
  get isPending(): boolean {
    return this.change !== undefined;
  }

  /** What `read` gives, if the file is none whose stamp is known, and has been the same for `settle` milliseconds. */
  async poll<R>(
    isKnown: (stamp: string) => boolean,
    settle: number,
    read: (source: FileRead) => Promise<R | undefined>,
  ): Promise<R | undefined> {
    const { path } = this;
    const { stamp, size } = await this.reader.stat(this.file, path);
    if (isKnown(stamp)) {
      this.change = undefined;
      return undefined;
    }
    const now = performance.now();
    const before = this.change;
    const since = before?.stamp === stamp ? before.since : now;
    const change = { from: before?.from ?? now, stamp, since };
    this.change = change;
    const isStable = now - since >= settle;
    if (!isStable && now - change.from < maxUnstableFactor * settle) return undefined;
    const result = await read({ path, stamp, size, unchangedFor: isStable ? undefined : settle });
    if (result) this.change = undefined;
    return result;
  }
}

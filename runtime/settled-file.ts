/**
 * A file that is looked at again and again, and read once it has stayed the same for a while: half of one must not be taken.
 * Where one file follows the other without an end, one of them is read.
 */
import type { FileState, ReadContent } from './file-reader';
import type { PatientReader } from './patient-reader';

/** So many times `settle` may one file follow the other before one that is gone again counts as well. */
const longestUnrest = 10;

interface Change {
  /** When a change was seen first. */
  readonly from: number;
  readonly stamp: string;
  /** Since when the stamp has been that. */
  readonly since: number;
}

export class SettledFile<C> {
  private change: Change | undefined;

  /** `file` is its name for the log; `read` is how it is read. */
  constructor(
    readonly file: string,
    readonly path: string,
    private readonly reader: PatientReader,
    private readonly read: ReadContent<C>,
  ) {}

  /** The stamp of what it has become, while that is waiting to stay the same. */
  get waiting(): string | undefined {
    return this.change?.stamp;
  }

  /** The file, if it is none whose stamp is known, and has been the same for `settle` milliseconds. */
  async look(isKnown: (stamp: string) => boolean, settle: number): Promise<FileState<C> | undefined> {
    const stamp = await this.reader.stampOf(this.file, this.path);
    if (isKnown(stamp)) {
      this.change = undefined;
      return undefined;
    }
    const now = performance.now();
    const before = this.change;
    const isSame = before?.stamp === stamp;
    const change = { from: before?.from ?? now, stamp, since: isSame ? before.since : now };
    this.change = change;
    let state: FileState<C> | undefined;
    if (now - change.since >= settle) state = await this.readUnchanged(stamp);
    else if (now - change.from >= longestUnrest * settle) {
      state = await this.reader.readHeld(this.file, this.path, settle, this.read);
    }
    if (state) this.change = undefined;
    return state;
  }

  private async readUnchanged(stamp: string): Promise<FileState<C> | undefined> {
    const state = await this.reader.readFileState(this.file, this.path, this.read);
    const isSame = state.stamp === stamp && (await this.reader.stampOf(this.file, this.path)) === stamp;
    return isSame ? state : undefined;
  }
}

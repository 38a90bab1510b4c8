/** A file that is looked at again and again, and read once it has stayed the same for a while: half of one must not be taken. */
import { type FileState, readFileState, stampOf } from './file-reader';

export class SettledFile {
  /** The stamp that was seen last, and since when it has been that. */
  private seen: { readonly stamp: string; readonly since: number } | undefined;

  constructor(private readonly path: string) {}

  /** Whether it has become another and is waiting to stay the same. */
  get waiting(): boolean {
    return this.seen !== undefined;
  }

  /** The file, if its stamp is another than `known` and has been the same for `settle` milliseconds. */
  async look(known: string | undefined, settle: number): Promise<FileState | undefined> {
    const stamp = await stampOf(this.path);
    if (stamp === known) {
      this.seen = undefined;
      return undefined;
    }
    const now = performance.now();
    if (this.seen?.stamp !== stamp) {
      this.seen = { stamp, since: now };
      return undefined;
    }
    if (now - this.seen.since < settle) return undefined;
    const file = await readFileState(this.path);
    if (file.stamp !== stamp || (await stampOf(this.path)) !== stamp) return undefined;
    this.seen = undefined;
    return file;
  }
}

/**
 * Reads files that may lie on a file system that does not answer, such as a network mount whose server is gone. Nothing
 * can end such a call; it is said in the log, and no more of them are begun than the process can do without.
 */
import { type FileState, readFileState, stampOf } from './file-reader';
import type { StoreLog } from './store-log';

export interface FileReader {
  stampOf(path: string): Promise<string>;
  readFileState(path: string): Promise<FileState>;
}

export const diskReader: FileReader = { stampOf, readFileState };

/** Far beyond what a file system takes that is well. */
export const patience = 5000;

/** Node has four threads for such calls, and the queue of mail needs them as well. */
const mostAtOnce = 3;

export class PatientReader {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly log: StoreLog,
    private readonly reader: FileReader,
    private readonly limit = patience,
  ) {}

  stampOf(file: string, path: string): Promise<string> {
    return this.call(file, () => this.reader.stampOf(path));
  }

  readFileState(file: string, path: string): Promise<FileState> {
    return this.call(file, () => this.reader.readFileState(path));
  }

  private async call<T>(file: string, run: () => Promise<T>): Promise<T> {
    let isTold = false;
    const impatience = setTimeout(() => {
      isTold = true;
      this.log.logerror(
        `${file} cannot be looked at: its file system has not answered for ${this.limit / 1000} s; what is in force stays`,
      );
    }, this.limit).unref();
    await this.turn();
    try {
      return await run();
    } finally {
      this.next();
      clearTimeout(impatience);
      if (isTold) this.log.lognotice(`${file} can be looked at again`);
    }
  }

  private async turn(): Promise<void> {
    if (this.running < mostAtOnce) this.running++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private next(): void {
    const waiting = this.waiting.shift();
    if (waiting) waiting();
    else this.running--;
  }
}

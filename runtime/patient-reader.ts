/**
 * Reads files that may lie on a file system that does not answer, such as a network mount whose server is gone. Nothing
 * can end such a call; it is said in the log, and no more of them are begun than the process can do without.
 */
import { type FileState, type HeldFile, holdFile, type ReadContent, readFileState, stampOf } from './file-reader';
import type { StoreLog } from './store-log';

export interface FileReader {
  stampOf(path: string): Promise<string>;
  readFileState<C>(path: string, read: ReadContent<C>): Promise<FileState<C>>;
  holdFile<C>(path: string, read: ReadContent<C>): Promise<HeldFile<C> | undefined>;
}

export const diskReader: FileReader = { stampOf, readFileState, holdFile };

/** Far beyond what a file system takes that is well. */
export const patience = 5000;

/** Node has four threads for such calls, and the queue of mail needs them as well. So this many at once, whoever reads. */
const mostAtOnce = 3;
let running = 0;
const waiting: (() => void)[] = [];

async function turn(): Promise<void> {
  if (running < mostAtOnce) running++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
}

function endTurn(): void {
  const next = waiting.shift();
  if (next) next();
  else running--;
}

export class PatientReader {
  constructor(
    private readonly log: Pick<StoreLog, 'logerror' | 'lognotice'>,
    private readonly reader: FileReader,
    private readonly limit = patience,
  ) {}

  stampOf(file: string, path: string): Promise<string> {
    return this.call(file, () => this.reader.stampOf(path));
  }

  readFileState<C>(file: string, path: string, read: ReadContent<C>): Promise<FileState<C>> {
    return this.call(file, () => this.reader.readFileState(path, read));
  }

  /** The file that is at the path at this moment, if it stays the same for `time`, even where another takes its place. */
  async readHeld<C>(file: string, path: string, time: number, read: ReadContent<C>): Promise<FileState<C> | undefined> {
    const held = await this.call(file, () => this.reader.holdFile(path, read));
    if (!held) return undefined;
    try {
      await new Promise<void>((resolve) => void setTimeout(resolve, time).unref());
      return await this.call(file, () => held.readUnchanged());
    } finally {
      await held.close();
    }
  }

  private async call<T>(file: string, run: () => Promise<T>): Promise<T> {
    let isTold = false;
    const impatience = setTimeout(() => {
      isTold = true;
      this.log.logerror(
        `${file} cannot be looked at: its file system has not answered for ${this.limit / 1000} s; what is in force stays`,
      );
    }, this.limit).unref();
    await turn();
    try {
      return await run();
    } finally {
      endTurn();
      clearTimeout(impatience);
      if (isTold) this.log.lognotice(`${file} can be looked at again`);
    }
  }
}

/**
 * Reads files that may lie on a file system that does not answer, such as a network mount whose server is gone. Nothing
 * can end such a call; the log says so, and no more calls are begun than the process can do without.
 */

import { parseBytes, type Task } from '../parsing/parse-bytes';
import {
  type JobResult,
  type ParsedFile,
  type RunningJob,
  startJob,
  workerThreshold,
} from '../parsing/parse-worker-client';
import type { StoreLog } from '../store-log';
import { type FileRead, type FileStat, type FileState, readFileState, statFile } from './file-reader';

export interface FileReader {
  statFile(path: string): Promise<FileStat>;
  readFileState(path: string): Promise<FileState>;
}

export const diskReader: FileReader = { statFile, readFileState };

/** Far beyond what a file system takes that is well. Milliseconds. */
export const slowFsWarning = 5000;

/** Node has four threads for such calls, and the queue of mail needs them as well. So this many at once, whoever reads. */
const mostAtOnce = 3;
let running = 0;
const waiting: (() => void)[] = [];

async function acquire(): Promise<void> {
  if (running < mostAtOnce) running++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
}

function release(): void {
  const next = waiting.shift();
  if (next) next();
  else running--;
}

/** `file` is always the name of a file for the log. Where a reading is not as its `FileRead` expects, it is `undefined`. */
export class BoundedFileReader {
  constructor(
    private readonly log: Pick<StoreLog, 'logerror' | 'lognotice'>,
    private readonly reader: FileReader,
    /** How long anybody waits for a file system. Milliseconds. */
    readonly limit = slowFsWarning,
  ) {}

  stat(file: string, path: string): Promise<FileStat> {
    return this.call(file, () => this.reader.statFile(path));
  }

  read(file: string, source: FileRead): Promise<FileState | undefined> {
    if (needsWorker(source)) return this.resultOf(file, source, startJob<FileState>({ source }));
    return this.readSmall(file, source);
  }

  /** Rejects where the worker dies. */
  async readList(file: string, source: FileRead, task: Task): Promise<ParsedFile | undefined> {
    if (needsWorker(source)) return this.resultOf(file, source, startJob<ParsedFile>({ source, task }));
    const state = await this.readSmall(file, source);
    return state?.state === 'read'
      ? { state: 'parsed', fingerprint: state.fingerprint, ...parseBytes(state.bytes, task) }
      : state;
  }

  private async readSmall(file: string, { path, fingerprint }: FileRead): Promise<FileState | undefined> {
    const state = await this.call(file, () => this.reader.readFileState(path));
    return state.fingerprint === fingerprint && (await this.stat(file, path)).fingerprint === fingerprint
      ? state
      : undefined;
  }

  private async resultOf<R extends JobResult>(
    file: string,
    { unchangedFor = 0 }: FileRead,
    job: RunningJob<R | undefined>,
  ): Promise<R | undefined> {
    await this.warnWhileSilent(file, () => job.read, unchangedFor);
    return job.result;
  }

  private call<T>(file: string, run: () => Promise<T>): Promise<T> {
    return this.warnWhileSilent(file, async () => {
      await acquire();
      try {
        return await run();
      } finally {
        release();
      }
    });
  }

  private async warnWhileSilent<T>(file: string, run: () => Promise<T>, expected = 0): Promise<T> {
    let isTold = false;
    const warning = setTimeout(() => {
      isTold = true;
      this.log.logerror(
        `${file} cannot be looked at: its file system has not answered for ${this.limit / 1000} s; what is in force stays`,
      );
    }, this.limit + expected).unref();
    try {
      return await run();
    } finally {
      clearTimeout(warning);
      if (isTold) this.log.lognotice(`${file} can be looked at again`);
    }
  }
}

/** The thread that waits for a file to stay the same must not be the main one. */
function needsWorker({ size, unchangedFor }: FileRead): boolean {
  return size >= workerThreshold || unchangedFor !== undefined;
}

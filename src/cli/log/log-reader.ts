/** The decisions in Haraka's logs, one file after the other: plain, gzipped, or from standard input. Holds one piece of text at a time. */
import { createReadStream, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CannotRun, type Io } from '../io';
import { type LoggedDecision, readDecisionLine } from './decision-line';
import { Progress } from './progress';

/** What has been read. */
export interface LogTally {
  lines: number;
  decisions: number;
  /** Decisions before the time that was asked for. */
  before: number;
  /** Decisions whose line does not say when they were made: they may be older than was asked for. */
  withoutTime: number;
  /** Lines that hold a decision, or the remains of one, which cannot be read. */
  unreadable: number;
  /** `file:line`. */
  firstUnreadable: string | undefined;
}

/** No line of a decision is longer: what clients say is limited. */
const longestLine = 65_536;

export class LogReader {
  readonly tally: LogTally = {
    ...{ lines: 0, decisions: 0, before: 0, withoutTime: 0, unreadable: 0 },
    firstUnreadable: undefined,
  };

  /** `since`: milliseconds since 1970. */
  constructor(
    private readonly names: readonly string[],
    private readonly io: Io,
    private readonly since: number | undefined,
    private readonly now = Date.now(),
  ) {}

  /** Calls `take` with each decision, in the order of the logs. Throws `CannotRun` where a log cannot be read to its end. */
  async read(take: (decision: LoggedDecision) => void): Promise<void> {
    const progress = new Progress(
      this.io.stderr,
      this.names.reduce((sum, name) => sum + this.sizeOf(name), 0),
    );
    try {
      for (const name of this.names) await this.readLog(name, progress, take);
    } finally {
      progress.end();
    }
  }

  private sizeOf(name: string): number {
    return name === '-' ? Number.NaN : (statSync(resolve(this.io.cwd, name), { throwIfNoEntry: false })?.size ?? 0);
  }

  private async readLog(name: string, progress: Progress, take: (decision: LoggedDecision) => void): Promise<void> {
    const read = (text: string, line: number) => {
      this.tally.lines++;
      const found = text.length > longestLine ? tooLong(text) : readDecisionLine(text, this.now);
      if (found === 'other') return;
      if (found !== 'unreadable') this.count(found, take);
      else if (this.tally.unreadable++ === 0) this.tally.firstUnreadable = `${name}:${line}`;
    };
    const decoder = new TextDecoder();
    let rest = '';
    let number = 0;
    try {
      for await (const bytes of unzipped(progress.watched(this.open(name)))) {
        const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        // The beginning of a line without end shows whether it matters; no more is kept.
        if (rest.length > 2 * longestLine) rest = rest.slice(0, longestLine + 1);
        for (const line of lines) read(line, ++number);
        progress.show(this.tally.lines);
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new CannotRun(
        `${name} cannot be read to its end: ${code === 'ENOENT' ? 'there is no such file' : message}`,
      );
    }
    if (rest !== '') read(rest, ++number);
  }

  private open(name: string): AsyncIterable<Uint8Array> {
    if (name !== '-') return createReadStream(resolve(this.io.cwd, name), { highWaterMark: 1 << 18 });
    if (!this.io.stdin) throw new Error('there is no standard input');
    return this.io.stdin;
  }

  private count(decision: LoggedDecision, take: (decision: LoggedDecision) => void): void {
    const { time } = decision;
    if (time === undefined) this.tally.withoutTime++;
    else if (this.since !== undefined && time < this.since) {
      this.tally.before++;
      return;
    }
    this.tally.decisions++;
    take(decision);
  }
}

function tooLong(text: string): 'other' | 'unreadable' {
  return /smtpcheck (?:permit|refuse|defer)/.test(text) ? 'unreadable' : 'other';
}

/** The bytes, unpacked where they begin as gzip does. */
async function* unzipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = bytes[Symbol.asyncIterator]();
  let first = Buffer.alloc(0);
  let isAtEnd = false;
  while (first.length < 2 && !isAtEnd) {
    const { value, done } = await pieces.next();
    if (done) isAtEnd = true;
    else first = Buffer.concat([first, value]);
  }
  const all = async function* () {
    yield first;
    if (!isAtEnd) yield* { [Symbol.asyncIterator]: () => pieces };
  };
  if (first[0] !== 0x1f || first[1] !== 0x8b) return yield* all();
  // An error ends the loop below.
  yield* pipeline(Readable.from(all()), createGunzip({ chunkSize: 1 << 18 }), () => {}) as AsyncIterable<Uint8Array>;
}

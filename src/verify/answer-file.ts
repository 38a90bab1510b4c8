/** The file in which the answers of next hops outlive a restart: a header, and one answer a line. */
import { createReadStream, promises as fs, renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Answer, type Answers, isAnswerResult } from './answers';

const header = 'smtpcheck verified recipients 1';
/** Milliseconds: what was answered since is lost with a process that is killed. */
const saveEvery = 15_000;
/** Lines that are written before others get their turn. */
const slice = 2000;

export class AnswerFile {
  private savedChanges = 0;
  private readonly timer: NodeJS.Timeout;

  /** `path`: absolute, as the settings have it by then; empty for none. */
  constructor(
    private readonly answers: Answers,
    private readonly path: () => string,
    private readonly log: { logwarn(text: string): void },
    every = saveEvery,
  ) {
    this.timer = setInterval(() => void this.save(), every);
    this.timer.unref();
    // Haraka calls the plugins' shutdown only where it is to end gracefully.
    process.once('exit', this.saveNow);
  }

  /** Never rejects: without its answers, recipients are asked about again. A file that cannot be read is put aside. */
  async load(): Promise<void> {
    const path = this.path();
    if (path === '') return;
    try {
      this.answers.restore(await readAnswers(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      const aside = `${path}.unreadable`;
      const isAside = await fs.rename(path, aside).then(
        () => true,
        () => false,
      );
      this.log.logwarn(
        `${path} cannot be used (${(error as Error).message})${isAside ? ` and is ${aside} now` : ''}; recipients are asked about again`,
      );
    }
  }

  /** Written aside and renamed, and with pauses: mail is served meanwhile. Nothing is written where nothing has changed. */
  async save(): Promise<void> {
    const { changes } = this.answers;
    if (changes === this.savedChanges) return;
    this.savedChanges = changes;
    try {
      const path = this.path();
      if (path === '') return;
      const file = await fs.open(asideOf(path), 'w', 0o600);
      try {
        const { all } = this.answers;
        await file.write(`${header}\n`);
        for (let i = 0; i < all.length; i += slice)
          await file.write(
            all
              .slice(i, i + slice)
              .map(formatLine)
              .join(''),
          );
        await file.sync();
      } finally {
        await file.close();
      }
      await fs.rename(asideOf(path), path);
    } catch (error) {
      this.complain(error);
    }
  }

  /** Saves once more. */
  close(): void {
    clearInterval(this.timer);
    process.off('exit', this.saveNow);
    this.saveNow();
  }

  private readonly saveNow = (): void => {
    const { changes, all } = this.answers;
    if (changes === this.savedChanges) return;
    this.savedChanges = changes;
    try {
      const path = this.path();
      if (path === '') return;
      writeFileSync(asideOf(path), `${header}\n${all.map(formatLine).join('')}`, { mode: 0o600 });
      renameSync(asideOf(path), path);
    } catch (error) {
      this.complain(error);
    }
  };

  private complain(error: unknown): void {
    this.log.logwarn(`what next hops have said of recipients cannot be kept: ${(error as Error).message}`);
  }
}

function asideOf(path: string): string {
  return `${path}.new`;
}

function formatLine([of, { result, at }]: readonly [string, Answer]): string {
  return `${JSON.stringify([of, result, at])}\n`;
}

/** Rejects where a line is no answer: what else stands in such a file is not to be relied on either. */
export async function readAnswers(path: string): Promise<ReadonlyMap<string, Answer>> {
  const answers = new Map<string, Answer>();
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    if (++number === 1 && line !== header) throw new Error(`line 1 is not "${header}"`);
    if (number > 1) answers.set(...readLine(line, number));
  }
  if (number === 0) throw new Error('it is empty');
  return answers;
}

function readLine(line: string, number: number): [string, Answer] {
  const [of, result, at] = valuesOf(line);
  if (typeof of !== 'string' || !isAnswerResult(result) || typeof at !== 'number')
    throw new Error(`line ${number} is no answer`);
  return [of, { result, at }];
}

function valuesOf(line: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/**
 * `redis.ini` of Haraka's config folder, as Haraka's own reader has it, and followed by our own means: Haraka tells of a
 * change only the last of the plugins that have read a file.
 */
import { dirname, join } from 'node:path';
import { describeFinding, fault, parseIni } from '../core';
import { timerSlack } from './alarm';
import { BoundedFileReader, diskReader } from './bounded-reader';
import { decodeText, readFileStateSync } from './file-reader';
import { Lookout } from './lookout';
import type { FollowPace, RedisConfig } from './redis-package';
import { StableFile } from './stable-file';
import type { StoreLog } from './store-log';

const name = 'redis.ini';

export type RedisIni = Readonly<Record<string, Readonly<Record<string, string | number>>>>;

export class RedisIniFile implements RedisConfig {
  private readonly path: string;
  private readonly reader: BoundedFileReader;
  private readonly file: StableFile;
  /** While it is followed. */
  private lookout: Lookout | undefined;
  /** The last content that could be read; that of a file that was not there at first is empty. */
  private text: string | undefined;
  /** The stamp that was looked at last, whatever came of it. */
  private stamp: string | undefined;
  private pace: FollowPace | undefined;
  private changed: () => void = () => {};
  private looking = false;
  private lookAgain = false;

  constructor(
    configFolder: string,
    private readonly log: Pick<StoreLog, 'logerror' | 'lognotice'>,
  ) {
    this.path = join(configFolder, name);
    this.reader = new BoundedFileReader(log, diskReader);
    this.file = new StableFile(name, this.path, this.reader);
  }

  /** Throws where it has never been readable: to go by the defaults then could lead to another server. */
  get(): RedisIni {
    this.text ??= this.firstText();
    return parseRedisIni(this.text);
  }

  follow(pace: FollowPace, changed: () => void): void {
    this.pace = pace;
    this.changed = changed;
    if (!this.lookout) {
      this.lookout = new Lookout(() => void this.look());
      this.watchFolder();
    }
    this.lookout.schedule(pace.poll);
  }

  /** What is read from here on is read anew. */
  leave(): void {
    this.lookout?.close();
    this.lookout = undefined;
    this.pace = undefined;
    this.text = undefined;
    this.changed = () => {};
  }

  /** The folder may have been made anew. */
  private watchFolder(): void {
    this.lookout?.watch(new Set([dirname(this.path)]));
  }

  private firstText(): string {
    const file = readFileStateSync(this.path);
    if (file.state === 'unreadable') throw new Error(`${name} cannot be read: ${file.reason}`);
    this.stamp = file.stamp;
    return file.state === 'missing' ? '' : decodeText(file.bytes);
  }

  private async look(): Promise<void> {
    const { pace } = this;
    if (!pace) return;
    if (this.looking) {
      this.lookAgain = true;
      return;
    }
    this.looking = true;
    try {
      await this.takeSettled(pace.settle);
    } catch (error) {
      this.log.logerror(`${name} is not taken: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.looking = false;
    const { poll, settle } = pace;
    const soon = this.lookAgain || this.file.isPending;
    this.lookAgain = false;
    this.watchFolder();
    this.lookout?.schedule(soon ? Math.min(settle + timerSlack, poll) : poll);
  }

  private async takeSettled(settle: number): Promise<void> {
    const file = await this.file.poll(
      (stamp) => stamp === this.stamp,
      settle,
      (source) => this.reader.read(name, source),
    );
    if (!file || !this.pace) return;
    this.stamp = file.stamp;
    if (file.state === 'missing') this.log.logerror(`${name} was deleted: its last content stays in force`);
    else if (file.state === 'unreadable') {
      this.log.logerror(`${name} cannot be read, and its last content stays in force: ${file.reason}`);
    } else {
      const text = decodeText(file.bytes);
      parseRedisIni(text);
      this.text = text;
      this.changed();
    }
  }
}

/** Sections of strings and numbers. Throws where a character may hide some of them: what is left could lead to another server. */
export function parseRedisIni(text: string): RedisIni {
  const sections = new Map<string, Map<string, string | number>>([['main', new Map()]]);
  const { entries, bad } = parseIni(text);
  const hidden = bad.find(({ problem }) => problem === 'bad-characters');
  if (hidden) {
    const { line, written, problem, ...more } = hidden;
    throw new Error(describeFinding(fault(problem, { file: name, line }, written, more)));
  }
  for (const { section, key, value } of entries) {
    sections.set(section, (sections.get(section) ?? new Map()).set(key, iniValue(value)));
  }
  return Object.fromEntries([...sections].map(([section, keys]) => [section, Object.fromEntries(keys)]));
}

function iniValue(text: string): string | number {
  return /^-?[0-9]+$/.test(text) ? Number(text) : text;
}

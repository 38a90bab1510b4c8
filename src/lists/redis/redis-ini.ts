/**
 * `redis.ini` of Haraka's config folder, as Haraka's own reader has it, and followed by our own means: Haraka tells of a
 * change only the last of the plugins that have read a file.
 */
import { join } from 'node:path';
import { type Finding, fault } from '../../policy/findings/finding';
import { describeFinding } from '../../policy/findings/finding-text';
import { parseIni } from '../../policy/settings/ini';
import { BoundedFileReader, diskReader } from '../files/bounded-reader';
import { FileFollower, type FileReading, FollowedFile, type FollowPace } from '../files/file-follower';
import { decodeText, type FileState, hashOf, readFileStateSync } from '../files/file-reader';
import type { Version } from '../list-state';
import type { StoreLog } from '../store-log';
import type { RedisConfig } from './redis-package';

const name = 'redis.ini';

export type RedisIni = Readonly<Record<string, Readonly<Record<string, string | number>>>>;

export class RedisIniFile implements RedisConfig {
  private readonly path: string;
  /** From the first read on; the version is the last text that could be read. */
  private file: FollowedFile<string> | undefined;
  private reason = '';
  /** While it is followed. */
  private follower: FileFollower | undefined;
  private pace: FollowPace = { poll: 0, settle: 0 };
  private changed: () => void = () => {};

  constructor(
    configFolder: string,
    private readonly log: StoreLog,
  ) {
    this.path = join(configFolder, name);
  }

  /** Throws where it has never been readable: to go by the defaults then could lead to another server. */
  get(): RedisIni {
    const { version } = this.opened();
    if (!version) throw new Error(`${name} cannot be read: ${this.reason}`);
    return parseRedisIni(version.value);
  }

  follow(pace: FollowPace, changed: () => void): void {
    this.pace = pace;
    this.changed = changed;
    if (this.follower) {
      this.follower.schedule(pace.poll);
      return;
    }
    const file = this.opened();
    this.follower = new FileFollower(
      () => [file],
      () => this.pace,
    );
    this.follower.follow();
  }

  /** What is read from here on is read anew. */
  leave(): void {
    this.follower?.close();
    this.follower = undefined;
    this.file = undefined;
    this.changed = () => {};
  }

  private opened(): FollowedFile<string> {
    if (this.file?.version) return this.file;
    const state = readFileStateSync(this.path);
    if (state.state === 'unreadable') this.reason = state.reason;
    // The follower keeps its file, and finds by itself that it can be read.
    if (this.file && this.follower) return this.file;
    const version = state.state === 'unreadable' ? undefined : versionOf(state);
    const reader = new BoundedFileReader(this.log, diskReader);
    this.file = new FollowedFile(
      {
        path: this.path,
        rule: { file: name, isNamed: false, whenDeleted: 'keep', emptyValue: () => '' },
        keptMessage: `${name} was deleted: its last content stays in force`,
        read: async (source) => {
          const found = await reader.read(name, source);
          return found?.state === 'read' ? readingOf(versionOf(found)) : found;
        },
        applied: () => this.changed(),
      },
      reader,
      this.log,
      version,
    );
    return this.file;
  }
}

function versionOf(file: Exclude<FileState, { state: 'unreadable' }>): Version<string> {
  const value = file.state === 'read' ? decodeText(file.bytes) : '';
  return {
    file: name,
    value,
    hash: file.state === 'read' ? hashOf(file.bytes) : 'missing',
    fingerprint: file.fingerprint,
  };
}

function readingOf({ value, hash, fingerprint }: Version<string>): FileReading<string> {
  const hidden = hidingLineOf(value);
  const reading = { state: 'parsed', fingerprint, hash, omitted: 0 } as const;
  return hidden ? { ...reading, findings: [hidden] } : { ...reading, findings: [], data: value };
}

/** Sections of strings and numbers. Throws where a character may hide some of them: what is left could lead to another server. */
export function parseRedisIni(text: string): RedisIni {
  const sections = new Map<string, Map<string, string | number>>([['main', new Map()]]);
  const hidden = hidingLineOf(text);
  if (hidden) throw new Error(describeFinding(hidden));
  const { entries } = parseIni(text);
  for (const { section, key, value } of entries) {
    sections.set(section, (sections.get(section) ?? new Map()).set(key, iniValue(value)));
  }
  return Object.fromEntries([...sections].map(([section, keys]) => [section, Object.fromEntries(keys)]));
}

function hidingLineOf(text: string): Finding | undefined {
  const hidden = parseIni(text).bad.find(({ problem }) => problem === 'bad-characters');
  if (!hidden) return undefined;
  const { line, written, problem, ...more } = hidden;
  return fault(problem, { file: name, line }, written, more);
}

function iniValue(text: string): string | number {
  return /^-?[0-9]+$/.test(text) ? Number(text) : text;
}

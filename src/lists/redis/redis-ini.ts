/**
 * `redis.ini` of Haraka's config folder, as Haraka's own reader has it, and followed by our own means: Haraka tells of a
 * change only the last of the plugins that have read a file.
 */
import { join } from 'node:path';
import { type Finding, fault } from '../../policy/findings/finding';
import { describeFinding } from '../../policy/findings/finding-text';
import { parseIni } from '../../policy/settings/ini';
import { BoundedFileReader, diskReader } from '../files/bounded-reader';
import { type FileReading, FollowedFile } from '../files/file-follower';
import { decodeText, type FileState, hashOf, readFileStateSync } from '../files/file-reader';
import type { Version } from '../list-state';
import type { StoreLog } from '../store-log';
import type { RedisConfig } from './redis-client-factory';

const name = 'redis.ini';

export type RedisIni = Readonly<Record<string, Readonly<Record<string, string | number>>>>;

export class RedisIniFile implements RedisConfig {
  /** While it is followed; its version is the last text that could be read. */
  file: FollowedFile<string> | undefined;
  private readonly path: string;

  constructor(
    configFolder: string,
    private readonly log: StoreLog,
  ) {
    this.path = join(configFolder, name);
  }

  /** Throws where it has never been readable: to go by the defaults then could lead to another server. */
  get(): RedisIni {
    const version = this.file?.version ?? this.readNow();
    if ('reason' in version) throw new Error(`${name} cannot be read: ${version.reason}`);
    return parseRedisIni(version.value);
  }

  follow(changed: () => void): void {
    if (this.file) return;
    const reader = new BoundedFileReader(this.log, diskReader);
    const version = this.readNow();
    this.file = new FollowedFile(
      {
        path: this.path,
        rule: { file: name, isNamed: false, whenDeleted: 'keep', emptyValue: () => '' },
        keptMessage: `${name} was deleted: its last content stays in force`,
        read: async (source) => {
          const found = await reader.read(name, source);
          return found?.state === 'read' ? readingOf(versionOf(found)) : found;
        },
        applied: changed,
      },
      reader,
      this.log,
      'reason' in version ? undefined : version,
    );
  }

  stopFollowing(): void {
    this.file?.close();
    this.file = undefined;
  }

  private readNow(): Version<string> | { readonly reason: string } {
    const state = readFileStateSync(this.path);
    return state.state === 'unreadable' ? state : versionOf(state);
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

/**
 * Finds what is new in the files: one is taken once it has stayed the same for `[main] settle`, whole or not at all.
 * What cannot be taken is said in the log, once for each attempt.
 */
import { join } from 'node:path';
import type { Finding, ParsedSettings } from '../core';
import { type FileState, readFileState, stampOf } from './file-reader';
import { missing, settingsVersion, unnamed, unreadable, type Version } from './load';
import { parseList } from './parse-worker';
import { emptySlot, pathOf, type Slot, type SlotData, settingsFile } from './slots';
import { type StoreLog, tellFindings, tellNotTaken } from './store-log';

/** A file that a setting names for a slot. */
export interface NamedFile {
  readonly file: string;
  /** By the operator's own file, and not only by a default. */
  readonly named: boolean;
}

export class ListFiles {
  /**
   * Files seen changed and not yet taken: the stamp, and since when it has been that. Kept by slot and path: two
   * settings may name one file, and each takes it for itself.
   */
  private readonly settling = new Map<string, { stamp: string; since: number }>();
  /** Stamps that were looked at and not taken, so that each attempt is told of once. */
  private readonly turnedDown = new Map<string, string>();

  /** `objections`: what besides its own faults keeps the settings from being taken. */
  constructor(
    private readonly configFolder: string,
    private readonly log: StoreLog,
    private readonly objections: (settings: ParsedSettings) => readonly Finding[],
  ) {}

  /** Whether something has changed and is waiting to stay the same. */
  get waiting(): boolean {
    return this.settling.size > 0;
  }

  /** The settings as they are now, if they can be taken; the same hash where only the file's stamp is another. */
  async newSettings(before: Version<ParsedSettings>, settle: number): Promise<Version<ParsedSettings> | undefined> {
    const path = join(this.configFolder, settingsFile);
    const file = await this.settled(path, path, before.stamp, settle);
    if (!file) return undefined;
    if (file.state === 'missing') {
      this.turnedDown.set(path, file.stamp);
      this.log.logerror(
        `${settingsFile} was deleted: its last content stays in force; for the defaults, make it an empty file`,
      );
      return undefined;
    }
    const version = settingsVersion(path, file);
    if (version.hash === before.hash) return { ...before, stamp: file.stamp };
    const objections = version.value.settings ? this.objections(version.value) : version.value.findings;
    if (!version.value.settings || objections.length > 0) {
      this.turnDown(path, file, objections);
      return undefined;
    }
    tellFindings(this.log, version.value.findings);
    return version;
  }

  /**
   * The version of a slot's file, if the file or its name has changed since `before` and what is there now can be
   * taken; the same hash where only the file's stamp is another.
   */
  async newVersion(
    slot: Slot,
    { file, named }: NamedFile,
    before: Version<SlotData> | undefined,
    settle: number,
  ): Promise<Version<SlotData> | undefined> {
    if (file === '') return before?.file === '' ? undefined : unnamed(slot);
    const path = pathOf(this.configFolder, file);
    const known = path === before?.path ? before : undefined;
    const key = `${slot.name} ${path}`;
    const state = await this.settled(key, path, known?.stamp ?? 'not looked at yet', settle);
    if (!state) return undefined;

    if (state.state === 'unreadable') {
      this.turnDown(key, state, [unreadable(file, state.reason)]);
      return undefined;
    }
    if (state.state === 'missing') {
      if (!known && named) {
        this.turnDown(key, state, [missing(file)]);
        return undefined;
      }
      return this.versionOfMissing(slot, { key, file, path }, before, state);
    }
    const parsed = await parseList({ name: slot.name, file, bytes: state.bytes });
    if (parsed.hash === known?.hash) return { ...known, stamp: state.stamp };
    if (!parsed.data) {
      this.turnDown(key, state, parsed.findings, parsed.unsaid);
      return undefined;
    }
    tellFindings(this.log, parsed.findings);
    return { file, path, value: parsed.data, hash: parsed.hash, stamp: state.stamp };
  }

  private versionOfMissing(
    slot: Slot,
    { key, file, path }: { key: string; file: string; path: string },
    before: Version<SlotData> | undefined,
    state: FileState,
  ): Version<SlotData> | undefined {
    if (slot.whenDeleted === 'keep' && before && before.hash !== 'missing') {
      this.turnedDown.set(key, state.stamp);
      this.log.logerror(
        `${file} was deleted: its last content stays in force, so that nothing it refuses gets in; to refuse nobody, make it an empty file`,
      );
      return undefined;
    }
    this.log.lognotice(`${file} is missing: it lists nothing`);
    return { file, path, value: emptySlot(slot.name, file), hash: 'missing', stamp: state.stamp };
  }

  /** The file, if it is not what was last taken or turned down and has stayed the same for long enough. */
  private async settled(
    key: string,
    path: string,
    stampInForce: string,
    settle: number,
  ): Promise<FileState | undefined> {
    const stamp = await stampOf(path);
    if (stamp === stampInForce || stamp === this.turnedDown.get(key)) {
      this.settling.delete(key);
      if (stamp === stampInForce) this.turnedDown.delete(key);
      return undefined;
    }
    const seen = this.settling.get(key);
    const now = performance.now();
    if (seen?.stamp !== stamp) {
      this.settling.set(key, { stamp, since: now });
      return undefined;
    }
    if (now - seen.since < settle) return undefined;
    const file = await readFileState(path);
    if (file.stamp !== stamp || (await stampOf(path)) !== stamp) return undefined;
    this.settling.delete(key);
    // What was turned down before may come again: a file deleted a second time is a new attempt.
    this.turnedDown.delete(key);
    return file;
  }

  private turnDown(key: string, file: FileState, findings: readonly Finding[], unsaid = 0): void {
    this.turnedDown.set(key, file.stamp);
    tellNotTaken(this.log, findings, unsaid);
  }
}

/**
 * Finds what is new in the files: one is taken once it has stayed the same for `[main] settle`, whole or not at all; in
 * a place where one follows the other without an end, one of them is. What cannot be taken is said in the log, once for
 * each attempt.
 */
import { join } from 'node:path';
import type { Finding, ParsedSettings } from '../core';
import type { FileState } from './file-reader';
import { missing, type SettingsVersion, settingsVersion, unreadable, type Version } from './load';
import { parseList } from './parse-worker';
import type { PatientReader } from './patient-reader';
import { emptySlot, pathOf, type Slot, type SlotData, type SlotName, settingsFile } from './slots';
import { type StoreLog, tellFindings, tellNotTaken } from './store-log';

/** A file that a setting names for a slot. */
export interface NamedFile {
  readonly file: string;
  /** By the operator's own file, and not only by a default. */
  readonly named: boolean;
}

/** A file in its place, as one slot has to do with it. */
interface Place {
  readonly name: SlotName | typeof settingsFile;
  readonly file: string;
  readonly path: string;
}

/** So many times `[main] settle` may one file follow the other before one that is gone again counts as well. */
const longestUnrest = 10;

interface Settling {
  /** When a change was seen first. */
  readonly from: number;
  readonly stamp: string;
  /** Since when the stamp has been that. */
  readonly since: number;
}

export class ListFiles {
  /** Where each was looked for last. Kept by slot: two settings may name one file, and each takes it for itself. */
  private readonly places = new Map<Place['name'], string>();
  /** Files seen changed and not yet taken. */
  private readonly settling = new Map<Place['name'], Settling>();
  /** Stamps that were looked at and not taken, so that each attempt is told of once. */
  private readonly turnedDown = new Map<Place['name'], string>();

  /** `objections`: what besides its own faults keeps the settings from being taken. */
  constructor(
    private readonly configFolder: string,
    private readonly log: StoreLog,
    private readonly reader: PatientReader,
    private readonly objections: (settings: ParsedSettings) => readonly Finding[],
  ) {}

  /** Whether something has changed and is waiting to stay the same. */
  get waiting(): boolean {
    return this.settling.size > 0;
  }

  /** Whether what is there now was not taken. */
  isTurnedDown(name: Place['name'], path: string): boolean {
    return this.places.get(name) === path && this.turnedDown.has(name);
  }

  /** What was known of another file is not to be used for this one. */
  private moveTo(name: Place['name'], path: string): void {
    if (this.places.get(name) === path) return;
    this.places.set(name, path);
    this.settling.delete(name);
    this.turnedDown.delete(name);
  }

  /** For a slot that has no file. */
  leave(name: SlotName): void {
    this.moveTo(name, '');
  }

  /** The settings as they are now, if they can be taken; the same hash where only the file's stamp is another. */
  async newSettings(before: SettingsVersion, settle: number): Promise<SettingsVersion | undefined> {
    const path = join(this.configFolder, settingsFile);
    const name = settingsFile;
    const file = await this.settled({ name, file: settingsFile, path }, before.stamp, settle);
    if (!file) return undefined;
    if (file.state === 'missing') {
      this.turnedDown.set(name, file.stamp);
      this.log.logerror(
        `${settingsFile} was deleted: its last content stays in force; for the defaults, make it an empty file`,
      );
      return undefined;
    }
    const version = settingsVersion(path, file);
    if (version.hash === before.hash) return { ...before, stamp: file.stamp };
    const objections = version.value.settings ? this.objections(version.value) : version.value.findings;
    if (!version.value.settings || objections.length > 0) {
      this.turnDown(name, file, objections);
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
    const path = pathOf(this.configFolder, file);
    const known = path === before?.path ? before : undefined;
    const { name } = slot;
    const state = await this.settled({ name, file, path }, known?.stamp ?? 'not looked at yet', settle);
    if (!state) return undefined;

    if (state.state === 'unreadable') {
      this.turnDown(name, state, [unreadable(file, state.reason)]);
      return undefined;
    }
    if (state.state === 'missing') {
      if (!known && named) {
        this.turnDown(name, state, [missing(file)]);
        return undefined;
      }
      return this.versionOfMissing(slot, { name, file, path }, before, state);
    }
    const parsed = await parseList({ name, file, bytes: state.bytes, known: known?.hash });
    if (parsed.hash === known?.hash) return { ...known, stamp: state.stamp };
    if (!parsed.data) {
      this.turnDown(name, state, parsed.findings, parsed.unsaid);
      return undefined;
    }
    tellFindings(this.log, parsed.findings);
    return { file, path, value: parsed.data, hash: parsed.hash, stamp: state.stamp };
  }

  private versionOfMissing(
    slot: Slot,
    { name, file, path }: Place,
    before: Version<SlotData> | undefined,
    state: FileState,
  ): Version<SlotData> | undefined {
    if (slot.whenDeleted === 'keep' && before && before.hash !== 'missing') {
      this.turnedDown.set(name, state.stamp);
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
    { name, file, path }: Place,
    stampInForce: string,
    settle: number,
  ): Promise<FileState | undefined> {
    this.moveTo(name, path);
    const stamp = await this.reader.stampOf(file, path);
    if (stamp === stampInForce || stamp === this.turnedDown.get(name)) {
      this.settling.delete(name);
      if (stamp === stampInForce) this.turnedDown.delete(name);
      return undefined;
    }
    const now = performance.now();
    const seen = this.settling.get(name);
    const from = seen?.from ?? now;
    const isSame = seen?.stamp === stamp;
    this.settling.set(name, { from, stamp, since: isSame ? seen.since : now });
    let state: FileState | undefined;
    if (isSame && now - seen.since >= settle) state = await this.readSettled(file, path, stamp);
    else if (now - from >= longestUnrest * settle) state = await this.reader.readHeld(file, path, settle);
    if (!state) return undefined;
    this.settling.delete(name);
    // What was turned down before may come again: a file deleted a second time is a new attempt.
    this.turnedDown.delete(name);
    return state;
  }

  private async readSettled(file: string, path: string, stamp: string): Promise<FileState | undefined> {
    const state = await this.reader.readFileState(file, path);
    const isSame = state.stamp === stamp && (await this.reader.stampOf(file, path)) === stamp;
    return isSame ? state : undefined;
  }

  private turnDown(name: Place['name'], file: FileState, findings: readonly Finding[], unsaid = 0): void {
    this.turnedDown.set(name, file.stamp);
    tellNotTaken(this.log, findings, unsaid);
  }
}

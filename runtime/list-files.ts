/**
 * Finds what is new in the files, once it has settled: one is taken whole or not at all. What cannot be taken is said in the
 * log, once for each attempt.
 */
import { join } from 'node:path';
import type { Finding, ParsedSettings } from '../core';
import type { BoundedFileReader } from './bounded-reader';
import type { FileRead, NoContent } from './file-reader';
import type { LastGoodStore } from './last-good';
import { missing, missingVersion, type SettingsVersion, settingsVersion, unreadable, type Version } from './load';
import { pathOf, type Slot, type SlotData, type SlotName, settingsFile } from './slots';
import { StableFile } from './stable-file';
import { type StoreLog, tellFindings, tellNotTaken } from './store-log';

/** A file that a setting names for a slot. */
export interface NamedFile {
  readonly file: string;
  /** By the operator's own file, and not only by a default. */
  readonly named: boolean;
}

type Name = SlotName | typeof settingsFile;

/** A file in its place, as one slot has to do with it. */
interface Place {
  readonly name: SlotName;
  readonly file: string;
  readonly path: string;
}

export class ListFiles {
  private readonly settings: StableFile;
  /** What each list was looked for in last. Kept by slot: two settings may name one file, and each takes it for itself. */
  private readonly places = new Map<SlotName, StableFile>();
  /** Stamps that were looked at and not taken, so that each attempt is told of once. */
  private readonly turnedDown = new Map<Name, string>();

  /** `objections`: what besides its own faults keeps the settings from being taken. */
  constructor(
    private readonly configFolder: string,
    private readonly log: StoreLog,
    private readonly reader: BoundedFileReader,
    private readonly lastGood: LastGoodStore,
    private readonly objections: (settings: ParsedSettings) => readonly Finding[],
  ) {
    this.settings = new StableFile(settingsFile, join(configFolder, settingsFile), reader);
  }

  /** Whether something has changed and is waiting to stay the same. */
  get waiting(): boolean {
    return [this.settings, ...this.places.values()].some((file) => file.isPending);
  }

  /** What was known of another file is not to be used for this one. */
  private placeAt({ name, file, path }: Place): StableFile {
    const before = this.places.get(name);
    if (before?.path === path) return before;
    this.leave(name);
    const place = new StableFile(file, path, this.reader);
    this.places.set(name, place);
    return place;
  }

  /** For what has no file any more. */
  leave(name: SlotName): void {
    this.places.delete(name);
    this.turnedDown.delete(name);
  }

  /** The settings as they are now, if they can be taken; the same hash where only the file's stamp is another. */
  async newSettings(before: SettingsVersion, settle: number): Promise<SettingsVersion | undefined> {
    const { path } = this.settings;
    const name = settingsFile;
    const file = await this.settled(name, this.settings, before.stamp, settle, (source) =>
      this.reader.read(name, source),
    );
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
    if (file.state === 'read') this.lastGood.keep(name, file.bytes);
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
    const place = this.placeAt({ name, file, path });
    const task = { name, file, known: known?.hash, withText: this.lastGood.isMaster };
    const state = await this.settled(name, place, known?.stamp ?? 'not looked at yet', settle, (source) =>
      this.reader.readList(file, source, task),
    );
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
    if (state.hash === known?.hash) return { ...known, stamp: state.stamp };
    if (!state.data) {
      this.turnDown(name, state, state.findings, state.unsaid);
      return undefined;
    }
    tellFindings(this.log, state.findings);
    this.lastGood.keep(name, state.text);
    return { file, path, value: state.data, hash: state.hash, stamp: state.stamp };
  }

  private versionOfMissing(
    slot: Slot,
    { name, file, path }: Place,
    before: Version<SlotData> | undefined,
    state: NoContent,
  ): Version<SlotData> | undefined {
    if (slot.whenDeleted !== 'empty' && before && before.hash !== 'missing') {
      this.turnedDown.set(name, state.stamp);
      this.log.logerror(
        `${file} was deleted: its last content stays in force, so that ${slot.whenDeleted.keepSo}, make it an empty file`,
      );
      return undefined;
    }
    this.log.lognotice(`${file} is missing: it lists nothing`);
    this.lastGood.keep(name);
    return missingVersion(slot, file, path, state.stamp);
  }

  /** The file, if it is not what was last taken or turned down and has settled. */
  private async settled<R>(
    name: Name,
    file: StableFile,
    stampInForce: string,
    settle: number,
    read: (source: FileRead) => Promise<R | undefined>,
  ): Promise<R | undefined> {
    const isKnown = (stamp: string) => {
      if (stamp !== stampInForce) return stamp === this.turnedDown.get(name);
      this.turnedDown.delete(name);
      return true;
    };
    const state = await file.poll(isKnown, settle, read);
    // What was turned down before may come again: a file deleted a second time is a new attempt.
    if (state) this.turnedDown.delete(name);
    return state;
  }

  private turnDown(name: Name, { stamp }: { readonly stamp: string }, findings: readonly Finding[], unsaid = 0): void {
    this.turnedDown.set(name, stamp);
    tellNotTaken(this.log, findings, unsaid);
  }
}

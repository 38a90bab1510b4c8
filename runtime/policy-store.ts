/**
 * Holds the policy in force and keeps it up with the files: it looks at them when an event tells of a change, and
 * every `[main] poll` besides, for mounts and file systems that send no events. A file is taken once it has stayed the
 * same for `[main] settle`, whole or not at all; what cannot be taken leaves the last good version in force and is said
 * in the log.
 */
import { type FSWatcher, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeFinding, type Finding, hasFault, type ParsedSettings, type Settings } from '../core';
import { type FileState, readFileState, stampOf } from './file-reader';
import {
  type LoadedSite,
  listsOf,
  loadSite,
  missing,
  type SlotVersions,
  settingsVersion,
  unnamed,
  unreadable,
  type Version,
} from './load';
import { apartFrom, mostReported, type Parsed, parseApart, parseBytes } from './parse-worker';
import { buildPolicy, type Policy } from './policy';
import { emptySlot, isNamed, pathOf, type Slot, type SlotData, settingsFile, slots } from './slots';

/** Where the store says what it does. */
export interface StoreLog {
  loginfo(text: string): void;
  lognotice(text: string): void;
  logwarn(text: string): void;
  logerror(text: string): void;
}

/** The policy cannot be loaded, so the server must not start. The message is the whole report. */
export class CannotStart extends Error {
  constructor(readonly findings: readonly Finding[]) {
    super(`smtpcheck cannot start:\n${report(findings)}`);
    this.name = 'CannotStart';
  }
}

/** Timers may fire a little early by another clock. */
const timerSlack = 5;
/** Long enough for the several events of one change to come together. */
const eventDelay = 20;

/** `unsaid`: how many findings there are besides. */
function report(findings: readonly Finding[], unsaid = 0): string {
  const lines = findings.slice(0, mostReported).map((finding) => `  ${describeFinding(finding)}`);
  const more = Math.max(findings.length - mostReported, 0) + unsaid;
  if (more > 0) lines.push(`  and ${more} more`);
  return lines.join('\n');
}

export class PolicyStore {
  private current: Policy;
  private settings: Version<ParsedSettings>;
  private versions: SlotVersions;
  private readonly watchers = new Map<string, FSWatcher>();
  private timer: NodeJS.Timeout | undefined;
  private dueAt = Number.POSITIVE_INFINITY;
  private checking: Promise<void> | undefined;
  private checkAgain = false;
  private closed = false;
  /**
   * Files seen changed and not yet taken: the stamp, and since when it has been that. Kept by slot and path: two
   * settings may name one file, and each takes it for itself.
   */
  private readonly settling = new Map<string, { stamp: string; since: number }>();
  /** Stamps that were looked at and not taken, so that each attempt is told of once. */
  private readonly turnedDown = new Map<string, string>();

  /** Loads everything; throws `CannotStart` with every fault found. */
  constructor(
    private readonly configFolder: string,
    private readonly log: StoreLog,
  ) {
    const site: LoadedSite = loadSite(configFolder);
    if (!site.policy || !site.versions) throw new CannotStart(site.findings);
    this.current = site.policy;
    this.settings = site.settings;
    this.versions = site.versions;
    this.tellFindings(site.findings);
    for (const slot of slots) this.tellVersion(this.versions[slot.name]);
  }

  get policy(): Policy {
    return this.current;
  }

  /** Starts to follow the files. Neither timer nor watcher keeps the process alive. */
  follow(): void {
    this.watchFolders();
    this.schedule(this.current.settings.main.poll);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
  }

  /** Looks at all files now; resolves when what has settled is in force. Never rejects. */
  async check(): Promise<void> {
    if (this.checking) {
      this.checkAgain = true;
      return this.checking;
    }
    this.checking = this.checkFiles()
      .catch((error: unknown) => this.log.logerror(`looking at the lists failed: ${String(error)}`))
      .finally(() => {
        this.checking = undefined;
        if (this.closed) return;
        this.watchFolders();
        const { poll, settle } = this.current.settings.main;
        const soon = this.checkAgain || this.settling.size > 0;
        this.checkAgain = false;
        this.schedule(soon ? Math.min(settle + timerSlack, poll) : poll);
      });
    return this.checking;
  }

  /** Brings the next look forward, never puts it off: a storm of events must not keep it from happening. */
  private schedule(delay: number): void {
    const at = performance.now() + delay;
    if (this.closed || at >= this.dueAt) return;
    clearTimeout(this.timer);
    this.dueAt = at;
    this.timer = setTimeout(() => {
      this.dueAt = Number.POSITIVE_INFINITY;
      void this.check();
    }, delay);
    this.timer.unref();
  }

  private async checkFiles(): Promise<void> {
    const settings = await this.newSettings();
    const inForce = (settings ?? this.settings).value.settings as Settings;
    const changed: Partial<Record<Slot['name'], Version<SlotData>>> = {};
    for (const slot of slots) {
      try {
        const version = await this.newVersion(slot, inForce, (settings ?? this.settings).value);
        if (version) changed[slot.name] = version;
      } catch (error) {
        // One list must not keep the others from being taken.
        this.log.logerror(`looking at ${slot.fileIn(inForce)} failed: ${String(error)}`);
      }
    }
    if (this.closed || (!settings && Object.keys(changed).length === 0)) return;

    const versions = { ...this.versions, ...changed };
    const policy = buildPolicy(this.current.generation + 1, inForce, listsOf(versions));
    this.settings = settings ?? this.settings;
    this.versions = versions;
    this.current = policy;
    if (settings) this.tellVersion(settings);
    for (const version of Object.values(changed)) this.tellVersion(version);
  }

  private async newSettings(): Promise<Version<ParsedSettings> | undefined> {
    const path = join(this.configFolder, settingsFile);
    const file = await this.settled(path, path, this.settings.stamp);
    if (!file) return undefined;
    if (file.state === 'missing') {
      this.turnedDown.set(path, file.stamp);
      this.log.logerror(
        `${settingsFile} was deleted: its last content stays in force; for the defaults, make it an empty file`,
      );
      return undefined;
    }
    const version = settingsVersion(path, file);
    if (version.hash === this.settings.hash) {
      this.settings = { ...this.settings, stamp: file.stamp };
      return undefined;
    }
    if (!version.value.settings) {
      this.turnDown(path, file, version.value.findings);
      return undefined;
    }
    this.tellFindings(version.value.findings);
    return version;
  }

  /** The new version of a slot, if its file or its setting has changed and what is there now can be taken. */
  private async newVersion(
    slot: Slot,
    settings: Settings,
    written: ParsedSettings,
  ): Promise<Version<SlotData> | undefined> {
    const before = this.versions[slot.name];
    const file = slot.fileIn(settings);
    if (file === '') return before.file === '' ? undefined : unnamed(slot);
    const path = pathOf(this.configFolder, file);
    const renamed = path !== before.path;
    const key = `${slot.name} ${path}`;
    const state = await this.settled(key, path, renamed ? 'not looked at yet' : before.stamp);
    if (!state) return undefined;

    if (state.state === 'unreadable') {
      this.turnDown(key, state, [unreadable(file, state.reason)]);
      return undefined;
    }
    if (state.state === 'missing') {
      return this.versionOfMissing(slot, { key, file, path, renamed, named: isNamed(slot, written) }, state);
    }
    const parsed = await this.parse(slot, file, state.bytes);
    if (!renamed && parsed.hash === before.hash) {
      this.versions = { ...this.versions, [slot.name]: { ...before, stamp: state.stamp } };
      return undefined;
    }
    if (!parsed.data) {
      this.turnDown(key, state, parsed.findings, parsed.unsaid);
      return undefined;
    }
    this.tellFindings(parsed.findings);
    return { file, path, value: parsed.data, hash: parsed.hash, stamp: state.stamp };
  }

  private versionOfMissing(
    slot: Slot,
    place: { key: string; file: string; path: string; renamed: boolean; named: boolean },
    state: FileState,
  ): Version<SlotData> | undefined {
    const { key, file, path } = place;
    if (place.renamed && place.named) {
      this.turnDown(key, state, [missing(file)]);
      return undefined;
    }
    if (slot.whenDeleted === 'keep' && this.versions[slot.name].hash !== 'missing') {
      this.turnedDown.set(key, state.stamp);
      this.log.logerror(
        `${file} was deleted: its last content stays in force, so that nothing it refuses gets in; to refuse nobody, make it an empty file`,
      );
      return undefined;
    }
    this.log.lognotice(`${file} is missing: it lists nothing`);
    return { file, path, value: emptySlot(slot.name, file), hash: 'missing', stamp: state.stamp };
  }

  private parse(slot: Slot, file: string, bytes: Buffer): Promise<Parsed> | Parsed {
    return bytes.length < apartFrom ? parseBytes({ name: slot.name, file, bytes }) : parseApart(slot.name, file, bytes);
  }

  /** The file, if it is not what was last taken or turned down and has stayed the same for long enough. */
  private async settled(key: string, path: string, stampInForce: string): Promise<FileState | undefined> {
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
    if (now - seen.since < this.current.settings.main.settle) return undefined;
    const file = await readFileState(path);
    if (file.stamp !== stamp || (await stampOf(path)) !== stamp) return undefined;
    this.settling.delete(key);
    // What was turned down before may come again: a file deleted a second time is a new attempt.
    this.turnedDown.delete(key);
    return file;
  }

  private turnDown(key: string, file: FileState, findings: readonly Finding[], unsaid = 0): void {
    this.turnedDown.set(key, file.stamp);
    const faults = findings.filter((finding) => finding.severity === 'fault');
    this.log.logerror(`not taken, the last good version stays in force:\n${report(faults, unsaid)}`);
  }

  private tellFindings(findings: readonly Finding[]): void {
    if (findings.length === 0) return;
    if (hasFault(findings)) this.log.logerror(report(findings));
    else this.log.logwarn(report(findings));
  }

  private tellVersion(version: Version<unknown>): void {
    if (version.file === '') return;
    const hash = version.hash === 'missing' ? 'missing' : `sha256=${version.hash.slice(0, 12)}`;
    this.log.lognotice(`loaded file=${version.file} generation=${this.current.generation} ${hash}`);
  }

  /** Events only hurry the next look; where none come, the poll finds the change. */
  private watchFolders(): void {
    if (this.closed) return;
    const paths = [join(this.configFolder, settingsFile), ...slots.map((slot) => this.versions[slot.name].path)];
    const folders = new Set(paths.filter((path) => path !== '').map(dirname));
    for (const [folder, watcher] of this.watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.schedule(eventDelay));
        watcher.on('error', () => {
          watcher.close();
          this.watchers.delete(folder);
        });
        this.watchers.set(folder, watcher);
      } catch {
        // No event will come from here: the poll does the work.
      }
    }
  }
}

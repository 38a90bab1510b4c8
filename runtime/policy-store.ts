/**
 * Holds the policy in force and keeps it up with the files and with Redis. Files are looked at when an event tells of a
 * change and every `[main] poll` besides, each for itself; keys are followed by `redis-lists.ts`. A list is taken whole
 * or not at all; what cannot be taken leaves the last good version in force and is said in the log.
 */
import { dirname, join } from 'node:path';
import type { Finding, ListSource, Settings } from '../core';
import { timerSlack } from './alarm';
import { BoundedFileReader, diskReader, type FileReader, slowFsWarning } from './bounded-reader';
import { LastGoodStore } from './last-good';
import { ListFiles } from './list-files';
import {
  type LoadedSite,
  listsOf,
  loadSite,
  redisFindings,
  type SettingsVersion,
  type SlotVersions,
  unavailable,
  unnamed,
  type Version,
} from './load';
import { Lookout } from './lookout';
import { Looks } from './looks';
import { buildPolicy, type Policy } from './policy';
import { RedisLists } from './redis-lists';
import { RedisAccess } from './redis-package';
import { isNamed, pathOf, type Slot, type SlotData, type SlotName, settingsFile, slots } from './slots';
import { report, type StoreLog, tellFindings, tellStandIn, tellVersion } from './store-log';

/** The policy cannot be loaded, so the server must not start. The message is the whole report. */
export class CannotStart extends Error {
  declare readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(['smtpcheck cannot start:', ...report(findings)].join('\n'));
    this.name = 'CannotStart';
    // Node prints what can be enumerated of an error below its message, and all of it is in the message.
    Object.defineProperty(this, 'findings', { value: findings });
  }
}

/** What a store stands on, where it is not what a server has. */
export interface StoreParts {
  readonly reader?: FileReader;
  readonly lastGood?: LastGoodStore;
}

type Versions = Partial<Record<SlotName, Version<SlotData>>>;

export class PolicyStore {
  private current: Policy;
  private settings: SettingsVersion;
  /** What is in force for each slot. */
  private versions: SlotVersions;
  /** The last good version of each file that the settings name, be it in force or waiting to stand in for a key. */
  private readonly files: Versions = {};
  private readonly listFiles: ListFiles;
  private readonly lookout: Lookout;
  private readonly redis: RedisLists;
  /** When something of the policy counts no more: another has to be made before the next question is answered. */
  private validUntil = Number.POSITIVE_INFINITY;
  private expiry: NodeJS.Timeout | undefined;
  private readonly looks = new Looks((again) => this.afterLook(again), slowFsWarning);
  private readonly lastGood: LastGoodStore;
  private closed = false;

  /** Loads everything; throws `CannotStart` with every fault found. */
  constructor(
    private readonly configFolder: string,
    private readonly log: StoreLog,
    redis: RedisAccess = new RedisAccess({ get: () => ({}) }),
    { reader = diskReader, lastGood = new LastGoodStore(log, false) }: StoreParts = {},
  ) {
    const site: LoadedSite = loadSite(configFolder, redis, lastGood);
    if (!site.policy || !site.versions) throw new CannotStart(site.findings);
    this.current = site.policy;
    this.settings = site.settings;
    this.versions = site.versions;
    for (const slot of slots) {
      const version = site.versions[slot.name];
      if (version.path !== '') this.files[slot.name] = version;
    }
    this.lastGood = lastGood;
    const bounded = new BoundedFileReader(log, reader);
    this.listFiles = new ListFiles(configFolder, log, bounded, lastGood, (settings) => redisFindings(settings, redis));
    this.lookout = new Lookout(() => void this.check());
    this.redis = new RedisLists(redis, log, () => this.renew());
    this.redis.use(site.policy.settings);
    for (const standIn of site.standIns) tellStandIn(log, standIn);
    tellFindings(log, site.findings);
    for (const slot of slots) tellVersion(log, this.versions[slot.name], this.current.generation);
  }

  get policy(): Policy {
    // The timer may be late: the process may have been stopped, or busy.
    if (this.validUntil !== Number.POSITIVE_INFINITY && performance.now() >= this.validUntil) this.renewQuietly();
    return this.current;
  }

  /** Starts to follow the files and the keys. Nothing of it keeps the process alive. */
  follow(): void {
    this.watchFolders();
    this.lookout.schedule(this.current.settings.main.poll);
    this.redis.follow();
  }

  /** Whether lists are kept in Redis. */
  get usesRedis(): boolean {
    return this.redis.isUsed;
  }

  /** Resolves once all lists in Redis have been read, and in any case after `limit` milliseconds. Never rejects. */
  firstRead(limit: number): Promise<void> {
    return this.redis.firstRead(limit);
  }

  close(): void {
    this.closed = true;
    this.lookout.close();
    this.redis.close();
    this.lastGood.close();
    clearTimeout(this.expiry);
  }

  /** Looks at all files now; resolves when what has settled is in force, or its file system is silent. Never rejects. */
  async check(): Promise<void> {
    if (this.closed) return;
    this.lookout.schedule(this.current.settings.main.poll);
    this.lastGood.touch();
    const look = (name: SlotName | typeof settingsFile, file: string, run: () => Promise<void>) =>
      this.looks.at(name, () =>
        run().catch((error: unknown) => this.log.logerror(`looking at ${file} failed: ${String(error)}`)),
      );
    const lists = slots.map((slot) => look(slot.name, this.sourceOf(slot).file, () => this.lookAtList(slot)));
    await Promise.all([look(settingsFile, settingsFile, () => this.lookAtSettings()), ...lists]);
  }

  /** What is yet to settle is looked at again soon. */
  private afterLook(again: boolean): void {
    if (this.closed) return;
    const { poll, settle } = this.current.settings.main;
    if (again || this.listFiles.waiting) this.lookout.schedule(Math.min(settle + timerSlack, poll));
    // To watch a folder of a file system that is silent would hold up everything.
    if (this.looks.none) this.watchFolders();
  }

  private async lookAtSettings(): Promise<void> {
    const settings = await this.listFiles.newSettings(this.settings, this.current.settings.main.settle);
    if (this.closed) return;
    if (settings) this.takeSettings(settings);
  }

  private takeSettings(settings: SettingsVersion): void {
    const isNew = settings.hash !== this.settings.hash;
    this.settings = settings;
    if (!isNew) return;
    this.redis.use(settings.value.settings as Settings);
    for (const slot of slots) this.keepFile(slot, undefined);
    this.renew(settings);
    // The lists were looked at under the names they had before.
    this.lookout.schedule(0);
  }

  private async lookAtList(slot: Slot): Promise<void> {
    const { file, redis } = this.sourceOf(slot);
    if (file === '') {
      this.listFiles.leave(slot.name);
    } else {
      // What is in force for a key is no version of its file.
      const before = redis ? this.files[slot.name] : this.versions[slot.name];
      const { settle } = this.current.settings.main;
      const version = await this.listFiles.newVersion(slot, { file, named: this.isNamed(slot) }, before, settle);
      if (this.closed) return;
      this.keepFile(slot, version);
      if (version) this.renew();
    }
  }

  private sourceOf(slot: Slot): ListSource {
    return slot.sourceIn(this.settings.value.settings as Settings);
  }

  private isNamed(slot: Slot): boolean {
    return isNamed(slot, this.settings.value);
  }

  /** A version of a file that the settings no longer name has not been followed, and is not to be used again. */
  private keepFile(slot: Slot, changed: Version<SlotData> | undefined): void {
    const { file, redis } = this.sourceOf(slot);
    const version = changed ?? this.files[slot.name];
    const isNamedStill = version && file !== '' && version.path === pathOf(this.configFolder, file);
    if (isNamedStill) this.files[slot.name] = version;
    else {
      delete this.files[slot.name];
      if (redis) this.lastGood.forget(slot.name);
      else if (file === '') this.lastGood.keep(slot.name);
    }
  }

  /** Puts into force what the files, Redis and the clock say now, if it is another than before. */
  private renew(newSettings?: SettingsVersion): void {
    const now = performance.now();
    const settings = this.settings.value.settings as Settings;
    const before = this.versions;
    const versions = Object.fromEntries(
      slots.map((slot) => [slot.name, this.versionInForce(slot, settings, now)]),
    ) as SlotVersions;
    this.versions = versions;
    this.expireAt(this.redis.countsUntil(now));
    const changed = slots.filter(({ name }) => !isSame(before[name], versions[name]));
    if (!newSettings && changed.length === 0) return;

    this.current = buildPolicy(this.current.generation + 1, settings, listsOf(versions));
    const { generation } = this.current;
    if (newSettings) tellVersion(this.log, newSettings, generation);
    for (const slot of changed) {
      this.tellExpired(slot, settings, now);
      tellVersion(this.log, versions[slot.name], generation);
    }
  }

  /** Whoever asks for the policy must get one, even where nothing can be said of it. */
  private renewQuietly(): void {
    try {
      this.renew();
    } catch {
      // What counts now was put into force before it was told of.
    }
  }

  private versionInForce(slot: Slot, settings: Settings, now: number): Version<SlotData> {
    const { file, redis } = slot.sourceIn(settings);
    const before = this.versions[slot.name];
    const standing = this.files[slot.name];
    if (!redis) return file === '' ? unnamed(slot) : (standing ?? before);
    const told = this.redis.told(slot.name, now);
    if (told?.state === 'content') return told.version;
    if (told?.state === 'awaited') return before;
    return standing ?? unavailable(slot, redis.name);
  }

  private tellExpired(slot: Slot, settings: Settings, now: number): void {
    const { file, redis } = slot.sourceIn(settings);
    if (!redis || this.redis.told(slot.name, now)?.state === 'content') return;
    const seconds = settings.redis.max_age / 1000;
    const what = this.versions[slot.name].path === '' ? 'what it could decide is deferred' : `${file} stands in for it`;
    this.log.logerror(`${redis.name} has not been confirmed for ${seconds} s: ${what}`);
  }

  private expireAt(time: number): void {
    this.validUntil = time;
    clearTimeout(this.expiry);
    if (this.closed || time === Number.POSITIVE_INFINITY) return;
    this.expiry = setTimeout(() => this.renewQuietly(), Math.max(time - performance.now(), 0) + timerSlack);
    this.expiry.unref();
  }

  /** Events only hurry the next look; where none come, the poll finds the change. */
  private watchFolders(): void {
    const settings = this.settings.value.settings as Settings;
    const named = slots.map((slot) => slot.sourceIn(settings).file).filter((file) => file !== '');
    const paths = [join(this.configFolder, settingsFile), ...named.map((file) => pathOf(this.configFolder, file))];
    this.lookout.watch(new Set(paths.map(dirname)));
  }
}

function isSame(a: Version<SlotData>, b: Version<SlotData>): boolean {
  return a.file === b.file && a.hash === b.hash;
}

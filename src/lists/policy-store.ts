/**
 * Holds the policy in force: the settings, the lists they name, and one swap of all. `file-follower.ts` follows files,
 * `redis-lists.ts` keys, and `list-state.ts` decides what of them is applied. A rejected version is logged and leaves the last
 * good one in force.
 */
import { join } from 'node:path';
import type { Finding } from '../policy/findings/finding';
import type { ParsedSettings } from '../policy/settings/settings';
import type { Settings } from '../policy/settings/settings-description';
import { timerSlack } from '../time/deadline-timer';
import { BoundedFileReader, diskReader, type FileReader, slowFsWarning } from './files/bounded-reader';
import { FileFollower, FollowedFile } from './files/file-follower';
import { Generations, type Numbering } from './generations';
import { LastGoodStore } from './last-good';
import { changeBetween } from './list-change';
import { isNamed, type ListId, type ListSetting, listSettings, pathOf, settingsFile } from './list-settings';
import { isExpired, type Version, versionInForce } from './list-state';
import { entriesOf, type ListStatus, statusOf } from './list-status';
import { type LoadedSite, loadSite, readSettings, unavailable, unnamed } from './load';
import { emptyList, type ListContent } from './parsing/parse-bytes';
import { buildPolicy, type Lists, type ListVersions, listsOf, type Policy, type PolicyParts } from './policy';
import { RedisClientFactory } from './redis/redis-client-factory';
import { RedisLists } from './redis/redis-lists';
import { logFindings, logStandIn, logVersion, reportOf, type StoreLog } from './store-log';

/** The policy cannot be loaded, so the server must not start. The message is the whole report. */
export class CannotStart extends Error {
  declare readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(['smtpcheck cannot start:', ...reportOf(findings)].join('\n'));
    this.name = 'CannotStart';
    // Node prints what can be enumerated of an error below its message, and all of it is in the message.
    Object.defineProperty(this, 'findings', { value: findings });
  }
}

/** What a store stands on, where it is not what a server has. */
export interface StoreParts {
  readonly reader?: FileReader;
  /** How long anybody waits for a file system. Milliseconds. */
  readonly readLimit?: number;
  readonly lastGood?: LastGoodStore;
}

export class PolicyStore {
  private current: Policy;
  private lists: Lists;
  readonly generations: Generations;
  private readonly settingsFile: FollowedFile<ParsedSettings>;
  /** What is in force for each list. */
  private versions: ListVersions;
  /** The files that the settings name, be they in force or waiting to stand in for a key. */
  private readonly files = new Map<ListId, FollowedFile<ListContent>>();
  private readonly reader: BoundedFileReader;
  private readonly follower: FileFollower;
  private readonly lastGood: LastGoodStore;
  private readonly redis: RedisLists;
  /** When something of the policy counts no more: another has to be made before the next question is answered. */
  private validUntil = Number.POSITIVE_INFINITY;
  private expiry: NodeJS.Timeout | undefined;
  private closed = false;

  /** Loads everything; throws `CannotStart` with every fault found. */
  constructor(
    private readonly configFolder: string,
    private readonly log: StoreLog,
    redis: RedisClientFactory = new RedisClientFactory({ get: () => ({}) }),
    { reader = diskReader, readLimit = slowFsWarning, lastGood = new LastGoodStore(log, false) }: StoreParts = {},
  ) {
    const site: LoadedSite = loadSite(configFolder, redis, lastGood);
    if (!site.policy || !site.versions) throw new CannotStart(site.findings);
    this.versions = site.versions;
    this.lists = listsOf(site.versions);
    const hashes = listSettings.map(({ name }) => [name, this.versions[name].hash] as const);
    this.generations = new Generations([...hashes, ['settings', site.settings.hash]], lastGood.numbering);
    this.current = { ...site.policy, generation: this.generations.current };
    this.lastGood = lastGood;
    lastGood.keepNumbering(this.generations.numbering);
    this.reader = new BoundedFileReader(log, reader, readLimit);
    this.settingsFile = this.followSettings(site.settings, redis);
    for (const listSetting of listSettings) this.nameFile(listSetting, site.policy.settings);
    this.follower = new FileFollower(
      () => [this.settingsFile, ...this.files.values(), ...this.redis.files],
      () => this.current.settings.main,
    );
    this.redis = new RedisLists(redis, log, () => this.renew());
    this.redis.use(site.policy.settings);
    for (const standIn of site.standIns) logStandIn(log, standIn);
    logFindings(log, site.findings);
    for (const { name } of listSettings) {
      const entries = entriesOf(name, this.lists, this.versions);
      logVersion(log, this.versions[name], this.current.generation, { entries });
    }
  }

  /** All lists and the settings, as they are now. */
  status(): readonly ListStatus[] {
    const { policy, settingsFile: settings } = this;
    const lists = listSettings.map((listSetting) => {
      const { name } = listSetting;
      const { file: source, hash } = this.versions[name];
      const { redis } = listSetting.sourceIn(policy.settings);
      const followed = redis ? this.redis.subscription(name) : this.files.get(name);
      const { rejection: rejected, readTime = 0 } = followed ?? {};
      const entries = entriesOf(name, this.lists, this.versions);
      return statusOf({ name, source, hash, entries, readTime, rejected, ...this.generations.since(name) });
    });
    const { version, rejection: rejected, readTime } = settings;
    const { hash = '', value } = version ?? {};
    const facts = { source: settingsFile, hash, entries: value?.written.size ?? 0, readTime, rejected };
    return [...lists, statusOf({ name: 'settings', ...facts, ...this.generations.since('settings') })];
  }

  /** Takes over the numbers of the master of the cluster. */
  adopt(masters: Numbering): void {
    this.generations.adopt(masters);
    const generation = this.generations.current;
    if (generation !== this.current.generation) this.current = { ...this.current, generation };
  }

  get policy(): Policy {
    // The timer may be late: the process may have been stopped, or busy.
    if (this.validUntil !== Number.POSITIVE_INFINITY && performance.now() >= this.validUntil) this.renewQuietly();
    return this.current;
  }

  /** What the policy in force is made of. */
  get inForce(): PolicyParts {
    const { settings } = this.policy;
    return { settings, written: this.settingsFile.version?.value.written ?? new Map(), versions: this.versions };
  }

  /** Starts to follow the files and the keys. Nothing of it keeps the process alive. */
  follow(): void {
    this.follower.follow();
    this.redis.follow();
  }

  /** Whether lists are kept in Redis. */
  get usesRedis(): boolean {
    return this.redis.isUsed;
  }

  /** Over the connection of the lists in Redis; `undefined` where there is none. Rejects where the server answers with an error. */
  askRedis(command: readonly string[]): Promise<unknown> | undefined {
    return this.redis.ask(command);
  }

  /** Resolves once all lists in Redis have been read, and in any case after `limit` milliseconds. Never rejects. */
  firstRead(limit: number): Promise<void> {
    return this.redis.firstRead(limit);
  }

  close(): void {
    this.closed = true;
    this.follower.close();
    this.redis.close();
    this.lastGood.close();
    clearTimeout(this.expiry);
  }

  /** Looks at all files now; resolves when what is stable is in force, or its file system is silent. Never rejects. */
  check(): Promise<void> {
    this.lastGood.touch();
    return this.follower.check();
  }

  private followSettings(version: Version<ParsedSettings>, redis: RedisClientFactory): FollowedFile<ParsedSettings> {
    const file = settingsFile;
    return new FollowedFile(
      {
        path: join(this.configFolder, file),
        rule: { file, isNamed: false, whenDeleted: 'keep', emptyValue: () => version.value },
        keptMessage: `${file} was deleted: its last content stays in force; for the defaults, make it an empty file`,
        read: async (source) => {
          const state = await this.reader.read(file, source);
          return state && readSettings(state, redis);
        },
        applied: (applied, text) => {
          this.lastGood.keep(file, file, text);
          this.applySettings(applied);
        },
      },
      this.reader,
      this.log,
      version,
    );
  }

  private applySettings(version: Version<ParsedSettings>): void {
    const settings = version.value.settings as Settings;
    this.redis.use(settings);
    for (const listSetting of listSettings) this.nameFile(listSetting, settings);
    this.renew(version);
    // The lists were looked at under the names they had before.
    this.follower.schedule(0);
  }

  /** Follows the file that the settings name for a list; what is in force stays so until it has been read. */
  private nameFile(listSetting: ListSetting, settings: Settings): void {
    const { name } = listSetting;
    const { file, redis } = listSetting.sourceIn(settings);
    const followed = this.files.get(name);
    if (followed?.source.rule.file !== file) {
      followed?.close();
      this.files.delete(name);
      const before = this.versions[name];
      // What is in force for a key is no version of the file that stands in for it.
      const isKnown = before.hash !== 'unavailable' && (!redis || before.file === file);
      if (file !== '') this.files.set(name, this.followList(listSetting, file, isKnown ? before : undefined));
    }
    if (redis && !this.files.get(name)?.ownVersion) this.lastGood.forget(name);
    else if (file === '') this.lastGood.keep(name, file);
  }

  private followList(
    listSetting: ListSetting,
    file: string,
    before: Version<ListContent> | undefined,
  ): FollowedFile<ListContent> {
    const { name, whenDeleted } = listSetting;
    const named = () => isNamed(listSetting, this.settingsFile.version?.value as ParsedSettings);
    const keepSo = whenDeleted === 'empty' ? '' : whenDeleted.keepSo;
    return new FollowedFile(
      {
        path: pathOf(this.configFolder, file),
        rule: {
          file,
          get isNamed() {
            return named();
          },
          whenDeleted: whenDeleted === 'empty' ? 'empty' : 'keep',
          emptyValue: () => emptyList(name, file),
        },
        keptMessage: `${file} was deleted: its last content stays in force, so that ${keepSo}, make it an empty file`,
        read: (source, known) =>
          this.reader.readList(file, source, { name, file, known, withText: this.lastGood.isMaster }),
        applied: (_version, text) => {
          this.lastGood.keep(name, file, text);
          this.renew();
        },
      },
      this.reader,
      this.log,
      before,
    );
  }

  /** Puts into force what the files, Redis and the clock say now, if it is another than before. */
  private renew(newSettings?: Version<ParsedSettings>): void {
    const now = performance.now();
    const settings = this.settingsFile.version?.value.settings as Settings;
    const before = this.versions;
    const versions = Object.fromEntries(
      listSettings.map((listSetting) => [listSetting.name, this.versionInForce(listSetting, settings, now)]),
    ) as ListVersions;
    this.versions = versions;
    this.expireAt(this.redis.countsUntil(now));
    const changed = listSettings.filter(({ name }) => !isSame(before[name], versions[name]));
    if (!newSettings && changed.length === 0) return;

    this.lists = listsOf(versions);
    const hashes = changed.map(({ name }) => [name, versions[name].hash] as const);
    this.generations.next(newSettings ? [...hashes, ['settings', newSettings.hash]] : hashes);
    const generation = this.generations.current;
    this.current = buildPolicy(generation, settings, this.lists, this.settingsFile.version?.value.written);
    this.lastGood.keepNumbering(this.generations.numbering);
    if (newSettings) logVersion(this.log, newSettings, generation);
    for (const listSetting of changed) {
      this.logExpired(listSetting, settings, now);
      const { name } = listSetting;
      const change = changeBetween(before[name], versions[name]);
      logVersion(this.log, versions[name], generation, { entries: entriesOf(name, this.lists, versions), change });
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

  private versionInForce(listSetting: ListSetting, settings: Settings, now: number): Version<ListContent> {
    const { name } = listSetting;
    const { file, redis } = listSetting.sourceIn(settings);
    if (file === '' && !redis) return unnamed(listSetting);
    const followed = this.files.get(name);
    const sources = { key: this.redis.status(name), file: redis ? followed?.ownVersion : followed?.version };
    return (
      versionInForce({ ...sources, before: this.versions[name] }, now) ?? unavailable(listSetting, redis?.name ?? file)
    );
  }

  private logExpired(listSetting: ListSetting, settings: Settings, now: number): void {
    const { file, redis } = listSetting.sourceIn(settings);
    const key = this.redis.status(listSetting.name);
    if (!redis || !key || !isExpired(key, now)) return;
    const seconds = settings.redis.max_age / 1000;
    const isUnavailable = this.versions[listSetting.name].hash === 'unavailable';
    const what = isUnavailable ? 'what it could decide is deferred' : `${file} stands in for it`;
    this.log.logerror(`${redis.name} has not been confirmed for ${seconds} s: ${what}`);
  }

  private expireAt(time: number): void {
    this.validUntil = time;
    clearTimeout(this.expiry);
    if (this.closed || time === Number.POSITIVE_INFINITY) return;
    this.expiry = setTimeout(() => this.renewQuietly(), Math.max(time - performance.now(), 0) + timerSlack);
    this.expiry.unref();
  }
}

function isSame(a: Version<ListContent>, b: Version<ListContent>): boolean {
  return a.file === b.file && a.hash === b.hash;
}

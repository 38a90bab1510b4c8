/** Loads settings and all lists at once, as at the start of the server: the policy, or every finding there is. */

import { join } from 'node:path';
import { type Finding, fault, hasFault } from '../policy/findings/finding';
import type { ListSource, RedisKey } from '../policy/settings/list-source';
import { type ParsedSettings, parseSettings } from '../policy/settings/settings';
import type { FileReading } from './files/file-follower';
import { decodeText, type FileState, hashOf, readFileStateSync } from './files/file-reader';
import { LastGoodStore } from './last-good';
import {
  canBeUnavailable,
  isNamed,
  type ListId,
  type ListSetting,
  listSettings,
  pathOf,
  settingsFile,
} from './list-settings';
import { missing, unreadable, type Version } from './list-state';
import { emptyList, type ListContent, parseBytes, unavailableList } from './parsing/parse-bytes';
import { buildPolicy, type ListVersions, listsOf, type Policy } from './policy';
import type { StandIn } from './store-log';

export type SettingsVersion = Version<ParsedSettings>;

export interface LoadedSite {
  /** Absent where a finding is a fault. */
  readonly policy?: Policy;
  readonly settings: SettingsVersion;
  readonly versions?: ListVersions;
  readonly findings: readonly Finding[];
  readonly standIns: readonly StandIn[];
}

/** One file as it was loaded. */
interface Loaded<V> {
  readonly version?: V;
  readonly findings: readonly Finding[];
  readonly standIn?: StandIn;
}

/** Whether `haraka-plugin-redis`, which lists in Redis need, is installed. */
export interface RedisInstallation {
  readonly isInstalled: boolean;
}

/**
 * Reads `smtpcheck.ini` and what it names from Haraka's config folder. Faults are findings, never exceptions. A list
 * that is kept in Redis is its file, or unavailable where it has none. What is on the disk and good goes before the last
 * good text of it.
 */
export function loadSite(
  configFolder: string,
  redis: RedisInstallation = { isInstalled: true },
  lastGood = new LastGoodStore({ logerror() {} }, false),
): LoadedSite {
  const loaded = loadSettings(configFolder, redis, lastGood);
  const settings = loaded.version;
  let { findings } = loaded;
  const standIns = loaded.standIn ? [loaded.standIn] : [];
  const { readable } = settings.value;
  const versions: Partial<Record<ListId, Version<ListContent>>> = {};
  for (const listSetting of listSettings) {
    const list = loadList(
      configFolder,
      listSetting,
      listSetting.sourceIn(readable),
      isNamed(listSetting, settings.value),
      lastGood,
    );
    findings = findings.concat(list.findings);
    if (list.standIn) standIns.push(list.standIn);
    if (list.version) versions[listSetting.name] = list.version;
  }
  if (hasFault(findings)) return { settings, findings, standIns };
  const all = versions as ListVersions;
  return {
    policy: buildPolicy(1, readable, listsOf(all), settings.value.written),
    settings,
    versions: all,
    findings,
    standIns,
  };
}

/** A finding for each setting that names Redis where the plugin that knows the way to it is not installed. */
export function redisFindings({ readable, written }: ParsedSettings, redis: RedisInstallation): Finding[] {
  const naming = listSettings.filter((listSetting) => listSetting.sourceIn(readable).redis !== undefined);
  const countsThere = readable.limits.store === 'redis';
  if ((naming.length === 0 && !countsThere) || redis.isInstalled) return [];
  const findingOf = (setting: string, value: string | undefined) => {
    const at = written.get(setting) ?? { file: settingsFile, line: 1 };
    return fault('redis-plugin-missing', at, `${setting.split('.')[1]}=${value}`);
  };
  const ofLists = naming.map((listSetting) =>
    findingOf(listSetting.setting, listSetting.sourceIn(readable).redis?.name),
  );
  return countsThere ? [...ofLists, findingOf('limits.store', 'redis')] : ofLists;
}

function loadSettings(
  configFolder: string,
  redis: RedisInstallation,
  lastGood: LastGoodStore,
): Loaded<SettingsVersion> & { version: SettingsVersion } {
  const path = join(configFolder, settingsFile);
  const state = readFileStateSync(path);
  const version = settingsVersion(state);
  const findings = version.value.findings.concat(redisFindings(version.value, redis));
  if (state.state === 'read' && !hasFault(findings)) {
    lastGood.keep(settingsFile, settingsFile, state.bytes);
    return { version, findings };
  }
  const last = lastGood.find(settingsFile);
  if (last.state === 'unavailable') return { version, findings: [...findings, unreadable(settingsFile, last.reason)] };
  if (last.state === 'unknown' || (last.state === 'nothing' && state.state === 'missing')) {
    lastGood.keep(settingsFile, settingsFile);
    return { version, findings };
  }
  const bytes = last.state === 'text' ? last.bytes : new Uint8Array();
  const kept = settingsVersion({ state: 'read', bytes, fingerprint: lastGoodFingerprint });
  const keptFindings = kept.value.findings.concat(redisFindings(kept.value, redis));
  return { version: kept, findings: keptFindings, standIn: { file: settingsFile, findings } };
}

/** A missing `smtpcheck.ini` means the defaults. */
function settingsVersion(file: FileState): SettingsVersion {
  const { fingerprint } = file;
  const parsed = parseSettings(settingsFile, file.state === 'read' ? decodeText(file.bytes) : '');
  const value: ParsedSettings =
    file.state === 'unreadable'
      ? { readable: parsed.readable, written: parsed.written, findings: [unreadable(settingsFile, file.reason)] }
      : parsed;
  const hash = file.state === 'read' ? hashOf(file.bytes) : file.state;
  return { file: settingsFile, value, hash, fingerprint };
}

/** Settings that are in force with others before: whole or not at all. */
export function readSettings(file: FileState, redis: RedisInstallation): FileReading<ParsedSettings> {
  if (file.state !== 'read') return file;
  const { value, hash, fingerprint } = settingsVersion(file);
  const findings = value.findings.concat(value.settings ? redisFindings(value, redis) : []);
  const data = hasFault(findings) ? {} : { data: value };
  return { state: 'parsed', fingerprint, hash, findings, omitted: 0, text: file.bytes, ...data };
}

/** No file has it: the next look reads what is there then. */
const lastGoodFingerprint = 'last good';

function loadList(
  configFolder: string,
  listSetting: ListSetting,
  { file, redis }: ListSource,
  named: boolean,
  lastGood: LastGoodStore,
): Loaded<Version<ListContent>> {
  const { name } = listSetting;
  if (file === '') {
    if (!redis) lastGood.keep(name, file);
    return { version: redis ? unavailable(listSetting, redis.name) : unnamed(listSetting), findings: [] };
  }
  const path = pathOf(configFolder, file);
  const state = readFileStateSync(path);
  const loaded = versionOf(listSetting, file, named, state);
  const isMissing = state.state === 'missing';
  if (loaded.version && !(isMissing && listSetting.whenDeleted !== 'empty')) {
    lastGood.keep(name, file, state.state === 'read' ? state.bytes : undefined);
    return loaded;
  }
  const last = lastGood.find(name);
  if (last.state === 'unknown' || (last.state === 'nothing' && loaded.version)) {
    lastGood.keep(name, file);
    return loaded;
  }
  const { findings } = loaded;
  if (last.state === 'nothing') {
    const fingerprint = isMissing ? state.fingerprint : lastGoodFingerprint;
    return { version: missingVersion(listSetting, last.file, fingerprint), findings: [], standIn: { file, findings } };
  }
  const kept =
    last.state === 'text'
      ? versionOf(listSetting, last.file, named, { bytes: last.bytes, state: 'read', fingerprint: lastGoodFingerprint })
      : undefined;
  if (kept?.version) return { version: kept.version, findings: [], standIn: { file, findings } };
  const reason = last.state === 'unavailable' ? last.reason : 'the last good text of it has faults';
  // Which domains are ours has no such state: a server that cannot tell must not start.
  if (!canBeUnavailable(listSetting)) return { findings: [...findings, unreadable(file, reason)] };
  return {
    version: unavailable(listSetting, file),
    findings: [],
    standIn: { file, findings, unavailable: reason },
  };
}

function versionOf(
  listSetting: ListSetting,
  file: string,
  named: boolean,
  state: FileState,
): Loaded<Version<ListContent>> {
  const { fingerprint } = state;
  if (state.state === 'unreadable') return { findings: [unreadable(file, state.reason)] };
  if (state.state === 'missing') {
    return named
      ? { findings: [missing(file)] }
      : { version: missingVersion(listSetting, file, fingerprint), findings: [] };
  }
  const { data, findings, hash } = parseBytes(state.bytes, { name: listSetting.name, file });
  return data ? { version: { file, value: data, hash, fingerprint }, findings } : { findings };
}

function missingVersion(listSetting: ListSetting, file: string, fingerprint: string): Version<ListContent> {
  return { file, value: emptyList(listSetting.name, file), hash: 'missing', fingerprint };
}

/** The list that the settings leave empty. */
export function unnamed(listSetting: ListSetting): Version<ListContent> {
  return { file: '', value: emptyList(listSetting.name, listSetting.setting), hash: 'unnamed', fingerprint: 'unnamed' };
}

/** A list of which no version is known; `name` is that of its key or file. */
export function unavailable(listSetting: ListSetting, name: string): Version<ListContent> {
  return {
    file: name,
    value: unavailableList(listSetting.name, name),
    hash: 'unavailable',
    fingerprint: 'unavailable',
  };
}

export function wrongType({ name, key }: RedisKey, type: string): Finding {
  return fault('redis-type', { file: name, line: 1 }, key, { detail: type });
}

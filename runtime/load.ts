/** Loads settings and all lists at once, as at the start of the server: the policy, or every finding there is. */

import { join } from 'node:path';
import {
  type Finding,
  fault,
  hasFault,
  type ListKind,
  type ListSource,
  LocalDomains,
  type LocalDomainsData,
  type ParsedSettings,
  PolicyList,
  parseSettings,
  type RedisKey,
  RelayMap,
} from '../core';
import { decodeText, type FileState, hashOf, readFileStateSync } from './file-reader';
import { Inheritance } from './hand-over';
import { parseBytes } from './parse-bytes';
import { buildPolicy, type Lists, type Policy } from './policy';
import {
  emptySlot,
  isNamed,
  pathOf,
  type Slot,
  type SlotData,
  type SlotName,
  settingsFile,
  slots,
  unavailableSlot,
} from './slots';

/** One file or key in force, and how to see that it has changed. */
export interface Version<T> {
  /** The name of the file, or that of the key. */
  readonly file: string;
  /** Where the file is; empty for a key. */
  readonly path: string;
  readonly value: T;
  /** SHA-256 of the content, or a word for no content: `missing`, `unnamed`, `unavailable`. */
  readonly hash: string;
  readonly stamp: string;
}

export interface SettingsVersion extends Version<ParsedSettings> {
  readonly text: string;
}

export type SlotVersions = { readonly [N in SlotName]: Version<SlotData> };

export interface LoadedSite {
  /** Absent where a finding is a fault. */
  readonly policy?: Policy;
  readonly settings: SettingsVersion;
  readonly versions?: SlotVersions;
  readonly findings: readonly Finding[];
  readonly inherited: readonly Inherited[];
}

/** What could not be taken from the disk, and is in force as the master of the cluster has it. */
export interface Inherited {
  readonly file: string;
  /** None where it is missing. */
  readonly findings: readonly Finding[];
}

/** One file as it was loaded. */
interface Loaded<V> {
  readonly version?: V;
  readonly findings: readonly Finding[];
  readonly inherited?: Inherited;
}

/** Whether what following a key takes is there. */
export interface RedisInstallation {
  readonly isInstalled: boolean;
}

/**
 * Reads `smtpcheck.ini` and what it names from Haraka's config folder. Faults are findings, never exceptions. A list
 * that is kept in Redis is its file, or unavailable where it has none. What is on the disk and good goes before what
 * was inherited.
 */
export function loadSite(
  configFolder: string,
  redis: RedisInstallation = { isInstalled: true },
  inheritance = new Inheritance(),
): LoadedSite {
  const loaded = loadSettings(configFolder, redis, inheritance);
  const settings = loaded.version;
  let { findings } = loaded;
  const inherited = loaded.inherited ? [loaded.inherited] : [];
  const { readable } = settings.value;
  const versions: Partial<Record<SlotName, Version<SlotData>>> = {};
  for (const slot of slots) {
    const list = loadSlot(configFolder, slot, slot.sourceIn(readable), isNamed(slot, settings.value), inheritance);
    findings = findings.concat(list.findings);
    if (list.inherited) inherited.push(list.inherited);
    if (list.version) versions[slot.name] = list.version;
  }
  if (hasFault(findings)) return { settings, findings, inherited };
  const all = versions as SlotVersions;
  return { policy: buildPolicy(1, readable, listsOf(all)), settings, versions: all, findings, inherited };
}

/** A finding for each setting that names Redis where the plugin that knows the way to it is not installed. */
export function redisFindings({ readable, written }: ParsedSettings, redis: RedisInstallation): Finding[] {
  const naming = slots.filter((slot) => slot.sourceIn(readable).redis !== undefined);
  if (naming.length === 0 || redis.isInstalled) return [];
  return naming.map((slot) => {
    const key = slot.setting.split('.')[1] as string;
    const at = written.get(slot.setting) ?? { file: settingsFile, line: 1 };
    return fault('redis-plugin-missing', at, `${key}=${slot.sourceIn(readable).redis?.name}`);
  });
}

function loadSettings(
  configFolder: string,
  redis: RedisInstallation,
  inheritance: Inheritance,
): Loaded<SettingsVersion> & { version: SettingsVersion } {
  const path = join(configFolder, settingsFile);
  const version = settingsVersion(path, readFileStateSync(path));
  const findings = version.value.findings.concat(redisFindings(version.value, redis));
  if (version.hash !== 'missing' && !hasFault(findings)) return { version, findings };
  const found = inheritance.find(settingsFile, path);
  if (found.state === 'nothing') return { version, findings };
  if (found.state === 'unusable') return { version, findings: [...findings, unreadable(settingsFile, found.reason)] };
  const { text, hash, stamp } = found.kept as SettingsVersion;
  const kept = { file: settingsFile, path, value: parseSettings(settingsFile, text), text, hash, stamp };
  const keptFindings = kept.value.findings.concat(redisFindings(kept.value, redis));
  return { version: kept, findings: keptFindings, inherited: { file: settingsFile, findings } };
}

/** A missing `smtpcheck.ini` means the defaults. */
export function settingsVersion(path: string, file: FileState): SettingsVersion {
  const { stamp } = file;
  const text = file.state === 'read' ? decodeText(file.bytes) : '';
  const parsed = parseSettings(settingsFile, text);
  const value: ParsedSettings =
    file.state === 'unreadable'
      ? { readable: parsed.readable, written: parsed.written, findings: [unreadable(settingsFile, file.reason)] }
      : parsed;
  const hash = file.state === 'read' ? hashOf(file.bytes) : file.state;
  return { file: settingsFile, path, value, text, hash, stamp };
}

function loadSlot(
  configFolder: string,
  slot: Slot,
  source: ListSource,
  named: boolean,
  inheritance: Inheritance,
): Loaded<Version<SlotData>> {
  const { file, redis } = source;
  if (file === '') return { version: redis ? unavailable(slot, redis) : unnamed(slot), findings: [] };
  const path = pathOf(configFolder, file);
  const loaded = loadFile(slot, file, path, named);
  if (loaded.version && loaded.version.hash !== 'missing') return loaded;
  const found = inheritance.find(slot.name, path);
  if (found.state === 'nothing') return loaded;
  if (found.state === 'unusable') return { findings: [...loaded.findings, unreadable(file, found.reason)] };
  return { version: found.kept as Version<SlotData>, findings: [], inherited: { file, findings: loaded.findings } };
}

function loadFile(slot: Slot, file: string, path: string, named: boolean): Loaded<Version<SlotData>> {
  const state = readFileStateSync(path);
  const { stamp } = state;
  if (state.state === 'unreadable') return { findings: [unreadable(file, state.reason)] };
  if (state.state === 'missing') {
    if (named) return { findings: [missing(file)] };
    return { version: { file, path, value: emptySlot(slot.name, file), hash: 'missing', stamp }, findings: [] };
  }
  const { data, findings, hash } = parseBytes(state.bytes, { name: slot.name, file });
  return data ? { version: { file, path, value: data, hash, stamp }, findings } : { findings };
}

/** The list of a slot that the settings leave empty. */
export function unnamed(slot: Slot): Version<SlotData> {
  return { file: '', path: '', value: emptySlot(slot.name, slot.setting), hash: 'unnamed', stamp: 'unnamed' };
}

/** The list of a slot whose key cannot be told just now, and that has no file to stand in for it. */
export function unavailable(slot: Slot, { name }: RedisKey): Version<SlotData> {
  return { file: name, path: '', value: unavailableSlot(slot.name, name), hash: 'unavailable', stamp: 'unavailable' };
}

export function wrongType({ name, key }: RedisKey, type: string): Finding {
  return fault('redis-type', { file: name, line: 1 }, key, { detail: type });
}

export function missing(file: string): Finding {
  return fault('file-missing', { file, line: 1 }, file);
}

export function unreadable(file: string, reason: string): Finding {
  return fault('file-unreadable', { file, line: 1 }, file, { detail: reason });
}

export function listsOf(versions: SlotVersions): Lists {
  const list = (name: ListKind) => new PolicyList(versions[name].value as ConstructorParameters<typeof PolicyList>[0]);
  return {
    local_ip: list('local_ip'),
    local_domain: list('local_domain'),
    relay_to: list('relay_to'),
    hosts: list('hosts'),
    relay_map: new RelayMap(versions.relay_map.value as ConstructorParameters<typeof RelayMap>[0]),
    local_domains: new LocalDomains(
      versions.host_list.value as LocalDomainsData,
      versions.host_list_regex.value as LocalDomainsData,
    ),
  };
}

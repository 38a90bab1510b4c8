/** Loads settings and all lists at once, as at the start of the server: the policy, or every finding there is. */

import { join } from 'node:path';
import {
  type Finding,
  fault,
  hasFault,
  type ListSource,
  type ParsedSettings,
  PolicyList,
  parseSettings,
  type RedisKey,
  RelayMap,
} from '../core';
import { decodeText, type FileState, hashOf, readFileStateSync } from './file-reader';
import { parseBytes } from './parse-worker';
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

export type SlotVersions = { readonly [N in SlotName]: Version<SlotData> };

export interface LoadedSite {
  /** Absent where a finding is a fault. */
  readonly policy?: Policy;
  readonly settings: Version<ParsedSettings>;
  readonly versions?: SlotVersions;
  readonly findings: readonly Finding[];
}

/** Whether what following a key takes is there. */
export interface RedisInstallation {
  readonly isInstalled: boolean;
}

/**
 * Reads `smtpcheck.ini` and what it names from Haraka's config folder. Faults are findings, never exceptions. A list
 * that is kept in Redis is its file, or unavailable where it has none.
 */
export function loadSite(configFolder: string, redis: RedisInstallation = { isInstalled: true }): LoadedSite {
  const settings = loadSettings(configFolder);
  let findings = settings.value.findings.concat(redisFindings(settings.value, redis));
  const { readable } = settings.value;
  const versions: Partial<Record<SlotName, Version<SlotData>>> = {};
  for (const slot of slots) {
    const loaded = loadSlot(configFolder, slot, slot.sourceIn(readable), isNamed(slot, settings.value));
    findings = findings.concat(loaded.findings);
    if (loaded.version) versions[slot.name] = loaded.version;
  }
  if (hasFault(findings)) return { settings, findings };
  const all = versions as SlotVersions;
  return { policy: buildPolicy(1, readable, listsOf(all)), settings, versions: all, findings };
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

function loadSettings(configFolder: string): Version<ParsedSettings> {
  const path = join(configFolder, settingsFile);
  return settingsVersion(path, readFileStateSync(path));
}

/** A missing `smtpcheck.ini` means the defaults. */
export function settingsVersion(path: string, file: FileState): Version<ParsedSettings> {
  const { stamp } = file;
  const text = file.state === 'read' ? decodeText(file.bytes) : '';
  const parsed = parseSettings(settingsFile, text);
  const value: ParsedSettings =
    file.state === 'unreadable'
      ? { readable: parsed.readable, written: parsed.written, findings: [unreadable(settingsFile, file.reason)] }
      : parsed;
  return { file: settingsFile, path, value, hash: file.state === 'read' ? hashOf(file.bytes) : file.state, stamp };
}

function loadSlot(
  configFolder: string,
  slot: Slot,
  { file, redis }: ListSource,
  named: boolean,
): { version?: Version<SlotData>; findings: readonly Finding[] } {
  if (file === '') return { version: redis ? unavailable(slot, redis) : unnamed(slot), findings: [] };
  const path = pathOf(configFolder, file);
  const state = readFileStateSync(path);
  const { stamp } = state;
  if (state.state === 'unreadable') return { findings: [unreadable(file, state.reason)] };
  if (state.state === 'missing') {
    if (named) return { findings: [missing(file)] };
    return { version: { file, path, value: emptySlot(slot.name, file), hash: 'missing', stamp }, findings: [] };
  }
  const { data, findings, hash } = parseBytes({ name: slot.name, file, bytes: state.bytes });
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
  const list = (name: Exclude<SlotName, 'relay_map'>) =>
    new PolicyList(versions[name].value as ConstructorParameters<typeof PolicyList>[0]);
  return {
    local_ip: list('local_ip'),
    local_domain: list('local_domain'),
    relay_to: list('relay_to'),
    hosts: list('hosts'),
    relay_map: new RelayMap(versions.relay_map.value as ConstructorParameters<typeof RelayMap>[0]),
  };
}

/** The lists a policy is made of: which setting names each, what it parses to, and what its deletion means. */

import { join } from 'node:path';
import type { ListSource, ParsedSettings, Settings } from '../core';
// Not all of it: a thread that parses reads this code while its list waits.
import { type ListData, type ListKind, parseList } from '../core/list';
import type { Parsed } from '../core/parse-lines';
import { parseRelayMap, type RelayMapData } from '../core/relay-map';

export const settingsFile = 'smtpcheck.ini';

export type SlotName = ListKind | 'relay_map';

export interface Slot {
  readonly name: SlotName;
  /** `section.key` of the setting that says where the list is. */
  readonly setting: string;
  sourceIn(settings: Settings): ListSource;
  /**
   * What to do with the list in force when its file or key is deleted while the server runs. Revoking by deleting must work,
   * so allow lists become empty; losing a deny list must not open a door, so it stays.
   */
  readonly whenDeleted: 'empty' | 'keep';
}

export const slots: readonly Slot[] = [
  { name: 'local_ip', setting: 'relay.local_ip', sourceIn: (s) => s.relay.local_ip, whenDeleted: 'empty' },
  { name: 'local_domain', setting: 'relay.local_domain', sourceIn: (s) => s.relay.local_domain, whenDeleted: 'empty' },
  { name: 'relay_to', setting: 'relay.relay_to', sourceIn: (s) => s.relay.relay_to, whenDeleted: 'empty' },
  { name: 'relay_map', setting: 'relay.relay_map', sourceIn: (s) => s.relay.relay_map, whenDeleted: 'empty' },
  { name: 'hosts', setting: 'deny.hosts', sourceIn: (s) => s.deny.hosts, whenDeleted: 'keep' },
];

export type SlotData = ListData | RelayMapData;

/** The list data of a slot, or why there is none. */
export type ParsedSlot = Parsed<SlotData>;

export function parseSlot(name: SlotName, file: string, text: string, octets?: Uint8Array): ParsedSlot {
  return name === 'relay_map' ? parseRelayMap(file, text, octets) : parseList(name, file, text, octets);
}

/** The empty list of a slot, under the name of the file that could fill it. */
export function emptySlot(name: SlotName, file: string): SlotData {
  return parseSlot(name, file, '').data as SlotData;
}

/** The list of a slot while nobody can tell what is on it. */
export function unavailableSlot(name: SlotName, file: string): SlotData {
  return { ...emptySlot(name, file), available: false };
}

/** Whether the operator's own file says where the slot's list is; a file that only a default names may be absent. */
export function isNamed(slot: Slot, parsed: Pick<ParsedSettings, 'written'>): boolean {
  return parsed.written.has(slot.setting);
}

/** A file's place: names are relative to Haraka's config folder. */
export function pathOf(configFolder: string, file: string): string {
  return file.startsWith('/') ? file : join(configFolder, file);
}

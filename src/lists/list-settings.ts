/** The lists a policy is made of: which setting names each, what it parses to, and what its deletion means. */

import { join } from 'node:path';
import type { ListKind } from '../policy/entries/list';
import type { ListSource } from '../policy/settings/list-source';
import type { ParsedSettings } from '../policy/settings/settings';
import type { Settings } from '../policy/settings/settings-description';

export const settingsFile = 'smtpcheck.ini';

export type LocalDomainsId = 'host_list' | 'host_list_regex';

export type ListId = ListKind | 'relay_map' | LocalDomainsId;

export interface ListSetting {
  readonly name: ListId;
  /** `section.key` of the setting that says where the list is; the name of the file, where that is Haraka's own. */
  readonly setting: string;
  sourceIn(settings: Settings): ListSource;
  /**
   * What to do with the list in force when its file or key is deleted while the server runs. Revoking by deleting must work,
   * so allow lists become empty; losing a deny list must not open a door, so it stays.
   */
  readonly whenDeleted: 'empty' | { readonly keepSo: string };
}

/** The lists of the suite itself, each named by a setting. */
export const ownListSettings: readonly ListSetting[] = [
  { name: 'local_ip', setting: 'relay.local_ip', sourceIn: (s) => s.relay.local_ip, whenDeleted: 'empty' },
  { name: 'local_domain', setting: 'relay.local_domain', sourceIn: (s) => s.relay.local_domain, whenDeleted: 'empty' },
  { name: 'relay_to', setting: 'relay.relay_to', sourceIn: (s) => s.relay.relay_to, whenDeleted: 'empty' },
  { name: 'relay_map', setting: 'relay.relay_map', sourceIn: (s) => s.relay.relay_map, whenDeleted: 'empty' },
  {
    name: 'hosts',
    setting: 'deny.hosts',
    sourceIn: (s) => s.deny.hosts,
    whenDeleted: { keepSo: 'nothing it refuses gets in; to refuse nobody' },
  },
];

/** Haraka's own files of local domains. The plugin that reads them there keeps their last content too. */
const localDomainsSettings = (['host_list', 'host_list_regex'] as const).map((name): ListSetting => {
  const source = { file: name };
  return {
    name,
    setting: name,
    sourceIn: () => source,
    whenDeleted: { keepSo: 'mail for our own domains is not sent out; for no domain of our own' },
  };
});

/** Everything that is followed. */
export const listSettings: readonly ListSetting[] = [...ownListSettings, ...localDomainsSettings];

/** Haraka's own lists of local domains have no such state. */
export function canBeUnavailable({ name }: ListSetting): boolean {
  return name !== 'host_list' && name !== 'host_list_regex';
}

/** Whether the operator's own file says where the list is; a file that only a default names may be absent. */
export function isNamed(listSetting: ListSetting, parsed: Pick<ParsedSettings, 'written'>): boolean {
  return parsed.written.has(listSetting.setting);
}

/** A file's place: names are relative to Haraka's config folder. */
export function pathOf(configFolder: string, file: string): string {
  return file.startsWith('/') ? file : join(configFolder, file);
}

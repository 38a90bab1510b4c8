/** What an operator asks of a list, or of the settings: the version in force, since when, and what of a newer one is rejected. */
import type { LocalDomainsData } from '../policy/entries/local-domains';
import type { ListId } from './list-settings';
import type { Lists, ListVersions } from './policy';
import type { Rejection } from './store-log';

export interface ListStatus {
  readonly name: ListId | 'settings';
  /** The file or key that is in force; empty where the settings name none. */
  readonly source: string;
  /** `kept`: in force although its source holds something else, or is gone. */
  readonly state: 'loaded' | 'kept' | 'empty' | 'unavailable';
  readonly entries: number;
  readonly hash: string;
  /** Since which generation of the policy this version has been in force, and since when, in milliseconds since 1970. */
  readonly generation: number;
  readonly loadedAt: number;
  /** Milliseconds that it took to be read and parsed; 0 for what was loaded at the start. */
  readonly readTime: number;
  readonly rejected?: Rejection | undefined;
}

export function statusOf(facts: Omit<ListStatus, 'state'>): ListStatus {
  return { ...facts, state: stateOf(facts) };
}

function stateOf({ hash, rejected }: Pick<ListStatus, 'hash' | 'rejected'>): ListStatus['state'] {
  if (hash === 'unavailable') return 'unavailable';
  if (rejected) return 'kept';
  return hash === 'missing' || hash === 'unnamed' ? 'empty' : 'loaded';
}

/** How many entries the version in force has. */
export function entriesOf(name: ListId, lists: Lists, versions: ListVersions): number {
  if (name !== 'host_list' && name !== 'host_list_regex') return lists[name].size;
  return (versions[name].value as LocalDomainsData).lines.length;
}

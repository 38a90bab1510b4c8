/** What an operator asks of a list, or of the settings: the version in force, since when, and what of a newer one is rejected. */
import type { LocalDomainsData } from '../policy/entries/local-domains';
import { type ListId, listSettings } from './list-settings';
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

/** Since when each list, and the settings, have been in force. */
export class InForceSince {
  private readonly times = new Map<ListStatus['name'], Pick<ListStatus, 'generation' | 'loadedAt'>>();

  /** All are in force from now on. */
  constructor(generation: number) {
    for (const { name } of [...listSettings, { name: 'settings' } as const]) this.mark(name, generation);
  }

  mark(name: ListStatus['name'], generation: number): void {
    this.times.set(name, { generation, loadedAt: Date.now() });
  }

  statusOf(facts: Omit<ListStatus, 'generation' | 'loadedAt' | 'state'>): ListStatus {
    const { generation = 0, loadedAt = 0 } = this.times.get(facts.name) ?? {};
    return { ...facts, state: stateOf(facts), generation, loadedAt };
  }
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

/** Until when a list holds anything: an instant by which every entry has ended, or never. */
import type { EntryKind } from '../entries/entry';
import type { EntryKey } from '../entries/entry-tables';
import { never } from '../tables/ends';

/** In milliseconds since 1970; `never` where an entry has no end, 0 where there is no entry. */
export interface LatestData {
  readonly entries: number;
  /** Of the entries that go by a name. */
  readonly names: number;
}

export class Latest {
  private entries = 0;
  private names = 0;

  add(kind: EntryKey['kind'] | EntryKind, until = never): void {
    if (until > this.entries) this.entries = until;
    if (kind === 'domain' && until > this.names) this.names = until;
  }

  get data(): LatestData {
    return { entries: this.entries, names: this.names };
  }
}

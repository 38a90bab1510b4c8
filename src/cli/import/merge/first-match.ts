/**
 * Compiles Postfix lists whose first match decides into entries of which the most specific decides. Where that cannot be
 * done, entries behind an exclusion are left out: the result permits nothing that the list did not.
 */
import { EntryIndex } from '../../../policy/entries/containment';
import type { RemarkCode } from '../remark';
import { type Barrier, firstMatchListOf, type SiteEntry } from '../site-policy';

export type AddRemark = (code: RemarkCode, entry: SiteEntry, detail?: string) => void;

/** `192.0.2.7 (access:12)`, for a remark that points at another line. */
export function locationOf(entry: Pick<SiteEntry, 'text' | 'origins'>): string {
  const [origin] = entry.origins;
  return origin ? `${entry.text} (${origin.file}:${origin.line})` : entry.text;
}

/** Entries without an order come back as they are; the others in the order of their lists. */
export function firstMatches(
  entries: readonly SiteEntry[],
  barriers: readonly Barrier[],
  addRemark: AddRemark,
): SiteEntry[] {
  const chains = new Map<string, SiteEntry[]>();
  for (const entry of entries) {
    const chain = chainOf(entry);
    if (chain === undefined) continue;
    const before = chains.get(chain);
    if (before) before.push(entry);
    else chains.set(chain, [entry]);
  }
  const resolved = new Map<SiteEntry, readonly SiteEntry[]>();
  for (const [chain, members] of chains) {
    const compiler = new FirstMatchCompiler(addRemark);
    compiler.compile(
      members,
      barriers.filter((stop) => `${stop.list} ${stop.root}` === chain),
    );
    for (const entry of members) resolved.set(entry, []);
    for (const { from, become } of expandSubdomainOnly(compiler.kept)) resolved.set(from, become);
  }
  return entries.flatMap((entry) => resolved.get(entry) ?? [entry]);
}

/** Entries of one chain decide together. A table of clients is a chain of its own, whether its order counts or not. */
function chainOf(entry: SiteEntry): string | undefined {
  if (entry.tablePosition) return `host.deny ${entry.tablePosition.list} ${entry.tablePosition.place}`;
  const list = entry.order && firstMatchListOf(entry);
  return list && `${list} ${entry.root ?? ''}`;
}

/** Compiles one list, from its first entry to its last. */
class FirstMatchCompiler {
  readonly kept: SiteEntry[] = [];
  private readonly index = new EntryIndex<SiteEntry>();
  private readonly leftOut = new Map<SiteEntry, string>();
  private stoppedAt: string | undefined;
  /** The first exclusion of each kind of entry so far. */
  private readonly exclusions = new Map<SiteEntry['entry']['kind'], string>();

  constructor(private readonly addRemark: AddRemark) {}

  compile(entries: readonly SiteEntry[], barriers: readonly Barrier[]): void {
    const steps = [...barriers, ...entries].sort((a, b) => compareOrder(a.order ?? [], b.order ?? []));
    for (const step of steps) {
      if ('entry' in step) this.addEntry(step);
      else this.stoppedAt ??= locationOf({ text: step.text, origins: [step.origin] });
    }
  }

  private addEntry(entry: SiteEntry): void {
    if (!entry.order) {
      this.kept.push(entry);
      return;
    }
    const before = this.index.covering(entry);
    if (before) this.drop(entry, before);
    else {
      this.index.add(entry);
      const barrier = this.barrierFor(entry);
      if (barrier !== undefined) this.leaveOut(entry, barrier);
      else this.kept.push(entry);
      const { kind, excluded } = entry.entry;
      if (excluded && !this.exclusions.has(kind)) this.exclusions.set(kind, locationOf(entry));
    }
  }

  /**
   * Drops an entry that an earlier, wider one covers. Of the nested entries that remain the narrower comes first, so
   * "the most specific wins" decides as the first match did.
   */
  private drop(entry: SiteEntry, before: SiteEntry): void {
    const barrier = this.leftOut.get(before);
    const same = before.entry.excluded === entry.entry.excluded;
    if (barrier !== undefined && same) this.leaveOut(entry, barrier);
    else if (!same || !entry.implied)
      this.addRemark(same ? 'already-covered' : 'postfix-never-reached', entry, locationOf(before));
  }

  /**
   * An earlier exclusion that the written lists could not apply to the entry: one that no list can hold, or one of
   * addresses before a name (or of a name before an address), because addresses and names go into separate lists.
   */
  private barrierFor(entry: SiteEntry): string | undefined {
    const list = firstMatchListOf(entry);
    if (entry.entry.excluded || list === undefined) return undefined;
    const other = entry.entry.kind === 'network' ? 'domain' : 'network';
    return this.stoppedAt ?? (list === 'mynetworks' ? this.exclusions.get(other) : undefined);
  }

  private leaveOut(entry: SiteEntry, barrier: string): void {
    this.leftOut.set(entry, barrier);
    this.addRemark('postfix-behind-exclusion', entry, barrier);
  }
}

function compareOrder(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? -1) - (b[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Writes an entry for the subdomains only as an entry for the whole domain, plus an entry for the domain's own name that
 * keeps what the rest of the list decides about it.
 */
function expandSubdomainOnly(entries: readonly SiteEntry[]): { from: SiteEntry; become: readonly SiteEntry[] }[] {
  const index = new EntryIndex(entries);
  return entries.map((from) => {
    if (!from.subdomainsOnly || from.entry.kind !== 'domain') return { from, become: [from] };
    const { subdomainsOnly, ...rest } = from;
    const { name, excluded } = from.entry;
    // Another line may list the whole domain, and then replaces a weak entry; an exclusion is never weak.
    const whole: SiteEntry = excluded ? rest : { ...rest, weak: true };
    const self = { kind: 'domain', name, exact: true, excluded: !excluded } as const;
    if (index.same({ entry: self })) return { from, become: [whole] };
    const around = index.around({ entry: self });
    if ((around?.entry.excluded ?? true) === excluded) return { from, become: [whole] };
    const own: SiteEntry = {
      ...whole,
      text: `${self.excluded ? '!' : ''}=${name}`,
      entry: self,
      origins: [...from.origins, ...(around?.origins ?? [])],
      comments: [],
      implied: true,
      exemptsLaterTables: false,
    };
    return { from, become: [whole, own] };
  });
}

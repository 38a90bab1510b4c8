/** Lint of one list: entries that never decide, networks that are likely a slip, domains that are not one's own. */

import { describeAttributes } from '../../../policy/attributes/attributes';
import { formatLimit, isWithin } from '../../../policy/attributes/limit';
import { parseRange } from '../../../policy/entries/address-range';
import { EntryIndex } from '../../../policy/entries/containment';
import { type Entry, type ExchangeEntry, isProblem } from '../../../policy/entries/entry';
import { widthOf } from '../../../policy/entries/ip-address';
import { forEachLine } from '../../../policy/entries/lines';
import { type ListKind, parseListLine } from '../../../policy/entries/list';
import { formatRoute } from '../../../policy/entries/route';
import { type LintCode, type LintFinding, lintFinding } from '../finding';
import { isPublicMailDomain } from '../public-mail-domains';
import { networkMeant, slipOfDenied, slipOfTrusted, unscoped } from './networks';

/** The text of a list, under the file name that findings use. */
export interface ListText {
  readonly file: string;
  readonly text: string;
}

/** An entry with its location and its text. */
export interface LocatedEntry {
  readonly entry: Entry;
  readonly at: { readonly file: string; readonly line: number; readonly column: number };
  readonly text: string;
}

/** The valid entries of a list, without those by MX records; the loader reports those with faults. */
export function entriesOf(kind: ListKind, list: ListText): LocatedEntry[] {
  return located(kind, list, (entry) => (entry.kind === 'exchange' ? undefined : entry));
}

/** The networks of its `mx:` entries. */
export function exchangesOf(kind: ListKind, list: ListText): LocatedEntry[] {
  return located(kind, list, (entry) => (entry.kind === 'exchange' ? { ...entry, kind: 'network' } : undefined));
}

function located(
  kind: ListKind,
  { file, text }: ListText,
  wanted: (entry: Entry | ExchangeEntry) => Entry | undefined,
): LocatedEntry[] {
  const found: LocatedEntry[] = [];
  forEachLine(text, (line) => {
    const read = parseListLine(kind, line);
    const entry = isProblem(read) ? undefined : wanted(read);
    if (entry) found.push({ entry, at: { file, line: line.number, column: line.column }, text: line.text });
  });
  return found;
}

/** What networks of `mx:` entries open, and those that never decide. */
export function lintExchanges(exchanges: readonly LocatedEntry[]): LintFinding[] {
  return [
    ...neverDeciding(exchanges),
    ...exchanges.flatMap((p) => {
      if (p.entry.kind !== 'network' || p.entry.excluded) return [];
      const slip = slipOfTrusted(p.entry);
      if (slip) return [report(slip.code, p, slip.detail)];
      const bits = widthOf(p.entry.address.family) - p.entry.length;
      return bits > 0 ? [report('mx-opens', p, bits > 20 ? `2^${bits}` : String(2 ** bits))] : [];
    }),
  ];
}

export function lintEntries(kind: ListKind, located: readonly LocatedEntry[]): LintFinding[] {
  return [
    ...neverDeciding(located),
    ...located.flatMap((p) => likelySlip(kind, p)),
    ...networksWithoutLength(
      located.filter(({ entry }) => entry.kind === 'network').map((p) => ({ p, written: p.text })),
    ),
  ];
}

/** A network as the text of its line has it. */
interface WrittenNetwork {
  readonly p: Pick<LocatedEntry, 'at' | 'text'>;
  readonly written: string;
}

/**
 * Addresses that look like networks. A long list of single hosts has some that end in 0 by chance, about one in 256: there
 * they are no slip.
 */
export function networksWithoutLength(written: readonly WrittenNetwork[]): LintFinding[] {
  const single = written.filter((one) => isWholeAddress(one.written));
  const findings = single.flatMap(({ p, written }) => {
    const meant = networkMeant(written);
    return meant === undefined ? [] : [lintFinding('network-without-length', p.at, p.text, { detail: meant })];
  });
  return findings.length * 20 >= single.length ? findings : [];
}

/** No octet prefix, and no length behind it. */
function isWholeAddress(text: string): boolean {
  return /^!?(?:[0-9]+(?:\.[0-9]+){3}|[0-9a-f.]*:[0-9a-f:.]*)$/i.test(text);
}

function neverDeciding(located: readonly LocatedEntry[]): LintFinding[] {
  const findings: LintFinding[] = [];
  const index = new EntryIndex<LocatedEntry>();
  for (const p of located) {
    const twin = index.add(p);
    // A contradiction is a fault, and the loader reports it.
    if (twin !== p && haveSameEffect(p.entry, twin.entry))
      findings.push(report('entry-twice', p, String(twin.at.line)));
  }
  for (const p of index.values()) {
    const around = index.around(p);
    if (!around) {
      if (p.entry.excluded) findings.push(report('exclusion-of-nothing', p));
    } else if (haveSameEffect(p.entry, around.entry)) {
      findings.push(report('entry-shadowed', p, `the wider entry on line ${around.at.line} says the same`));
    }
  }
  return findings;
}

/** A next hop belongs to a domain: a mailbox goes where its domain does. Whether the next hop is asked is said by each. */
function haveSameEffect(inner: Entry, outer: Entry): boolean {
  if (inner.excluded !== outer.excluded) return false;
  if (describeAttributes(inner.attributes ?? {}) !== describeAttributes(outer.attributes ?? {})) return false;
  if (isVerified(inner) !== isVerified(outer)) return false;
  return inner.kind !== 'domain' || routeOf(inner) === routeOf(outer);
}

export function isVerified(entry: Entry): boolean {
  return entry.kind !== 'network' && entry.verify === true;
}

function routeOf(entry: Entry): string {
  return entry.kind !== 'network' && entry.route ? formatRoute(entry.route) : '';
}

function likelySlip(kind: ListKind, p: LocatedEntry): LintFinding[] {
  const { entry } = p;
  if (entry.excluded) return [];
  if (entry.kind === 'network' && (kind === 'local_ip' || kind === 'hosts')) {
    const slip = kind === 'local_ip' ? slipOfTrusted(entry) : slipOfDenied(entry);
    const { from, limit } = entry.attributes ?? {};
    const isBounded = kind === 'hosts' || from !== undefined || limit !== undefined;
    const found = slip ?? (isBounded ? undefined : unscoped(entry));
    return [...(found ? [report(found.code, p, found.detail)] : []), ...slipsOfAttributes(p)];
  }
  if (kind === 'local_domain') return slipsOfAttributes(p);
  if (entry.kind === 'domain' && /^[0-9.]+-[0-9]+$/.test(entry.name)) {
    const networks = networksOfShortRange(entry.name);
    return [lintFinding('range-as-name', p.at, p.text, networks ? { suggestion: networks } : {})];
  }
  const isPublic = kind === 'relay_to' && entry.kind === 'domain' && isPublicMailDomain(entry.name);
  return isPublic ? [report('public-mail-domain', p)] : [];
}

function slipsOfAttributes(p: LocatedEntry): LintFinding[] {
  const { from, limit: { client, all } = {} } = p.entry.attributes ?? {};
  const senders = (from?.domains ?? []).filter(isPublicMailDomain);
  const isIdle = client !== undefined && all !== undefined && isWithin({ client: all }, { client });
  return [
    ...senders.map((domain) => report('sender-public-mail', p, domain)),
    ...(isIdle ? [report('limit-without-effect', p, formatLimit(all))] : []),
  ];
}

/** `192.0.2.0-63`: the last octet of the range goes from 0 to 63. */
function networksOfShortRange(text: string): string | undefined {
  const [, network = '', first = '', last = ''] = /^((?:[0-9]+\.){3})([0-9]+)-([0-9]+)$/.exec(text) ?? [];
  return parseRange(`${network}${first}-${network}${last}`)?.networks?.join(', ');
}

export function report(code: LintCode, p: Pick<LocatedEntry, 'at' | 'text'>, detail?: string): LintFinding {
  return lintFinding(code, p.at, p.text, detail === undefined ? {} : { detail });
}

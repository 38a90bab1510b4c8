/** Lint of single lists: entries that never decide, networks that are likely a slip, domains that are not one's own. */
import {
  type Entry,
  forEachLine,
  formatAddress,
  formatEntry,
  type IpAddress,
  isProblem,
  type ListKind,
  maskAddress,
  parseAddress,
  parseListLine,
} from '../../core';
import { type LintFinding, lintFinding } from './finding';
import { isPublicMailDomain } from './public-mail-domains';

interface Placed {
  readonly entry: Entry;
  readonly line: number;
  readonly column: number;
  readonly written: string;
}

/** The sound entries of a list with their lines; those with faults are reported by the loader. */
export function entriesOf(kind: ListKind, text: string): Placed[] {
  const placed: Placed[] = [];
  forEachLine(text, (line) => {
    const entry = parseListLine(kind, line);
    if (!isProblem(entry)) placed.push({ entry, line: line.number, column: line.column, written: line.text });
  });
  return placed;
}

export function lintEntries(kind: ListKind, file: string, text: string): LintFinding[] {
  const placed = entriesOf(kind, text);
  const byKey = new Map<string, Placed>();
  const findings: LintFinding[] = [];
  const report = (code: Parameters<typeof lintFinding>[0], p: Placed, more: { detail?: string } = {}) => {
    findings.push(lintFinding(code, { file, line: p.line, column: p.column }, p.written, more));
  };

  for (const p of placed) {
    const key = keyOf(p.entry);
    const twin = byKey.get(key);
    if (!twin) byKey.set(key, p);
    else if (twin.entry.excluded === p.entry.excluded) report('entry-twice', p, { detail: String(twin.line) });
  }
  for (const p of new Set(byKey.values())) {
    const around = [...widerKeys(p.entry)].map((key) => byKey.get(key)).find((other) => other !== undefined);
    if (!around && p.entry.excluded) report('exclusion-of-nothing', p);
    if (around && around.entry.excluded === p.entry.excluded && !hasOwnRoute(p.entry, around.entry)) {
      report('entry-shadowed', p, { detail: String(around.line) });
    }
  }
  for (const p of placed) {
    if (kind === 'local_ip' && p.entry.kind === 'network' && !p.entry.excluded) lintTrustedNetwork(p, report);
    if (kind === 'relay_to' && p.entry.kind === 'domain' && !p.entry.excluded && isPublicMailDomain(p.entry.name)) {
      report('public-mail-domain', p);
    }
  }
  return findings;
}

type Report = (code: Parameters<typeof lintFinding>[0], p: Placed, more?: { detail?: string }) => void;

/** /8 and shorter are whole registries' allocations; an IPv6 site has a /48, a provider a /32. */
const widest = { 4: 12, 6: 28 } as const;

function lintTrustedNetwork(p: Placed, report: Report): void {
  if (p.entry.kind !== 'network') return;
  const { address, length } = p.entry;
  const range = specialRanges.find(
    (special) => covers(special.address, special.length, address) && special.length <= length,
  );
  if (range) report(range.code, p);
  else if (length < widest[address.family]) {
    report('network-wide', p, { detail: `2^${(address.family === 4 ? 32 : 128) - length}` });
  }
}

function special(code: 'network-loopback' | 'network-docker' | 'network-private', network: string) {
  const [address, length] = network.split('/');
  return { code, address: parseAddress(address as string) as IpAddress, length: Number(length) };
}

/** The most telling first. RFC 1918, RFC 4193, RFC 6598, and the pools that Docker takes its bridges from. */
const specialRanges = [
  special('network-loopback', '127.0.0.0/8'),
  special('network-loopback', '::1/128'),
  special('network-docker', '172.17.0.0/16'),
  special('network-docker', '172.18.0.0/15'),
  special('network-docker', '172.20.0.0/14'),
  special('network-docker', '172.24.0.0/14'),
  special('network-docker', '172.28.0.0/14'),
  special('network-private', '10.0.0.0/8'),
  special('network-private', '172.16.0.0/12'),
  special('network-private', '192.168.0.0/16'),
  special('network-private', '100.64.0.0/10'),
  special('network-private', 'fc00::/7'),
];

function covers(outer: IpAddress, length: number, inner: IpAddress): boolean {
  return outer.family === inner.family && keyOfNetwork(inner, length) === keyOfNetwork(outer, length);
}

function hasOwnRoute(entry: Entry, around: Entry): boolean {
  const route = (e: Entry) => (e.kind === 'domain' && e.route ? formatEntry(e).split(/\s+/)[1] : undefined);
  return route(entry) !== route(around);
}

/** What an entry speaks of, whether it includes or excludes. */
function keyOf(entry: Entry): string {
  switch (entry.kind) {
    case 'network':
      return keyOfNetwork(entry.address, entry.length);
    case 'domain':
      return `${entry.exact ? '=' : '.'}${entry.name}`;
    case 'mailbox':
      return `${entry.localPart}@${entry.domain}`;
  }
}

/** The keys of entries that would cover this one, the nearest first. */
function* widerKeys(entry: Entry): Generator<string> {
  if (entry.kind === 'network') {
    for (let length = entry.length - 1; length >= 1; length--) yield keyOfNetwork(entry.address, length);
    return;
  }
  const literal = entry.kind === 'mailbox' ? parseAddress(entry.domain.replace(/^\[(?:IPv6:)?|\]$/g, '')) : undefined;
  if (literal) {
    for (let length = literal.family === 4 ? 32 : 128; length >= 1; length--) yield keyOfNetwork(literal, length);
    return;
  }
  const labels = (entry.kind === 'mailbox' ? entry.domain : entry.name).split('.');
  if (entry.kind === 'mailbox') yield `=${entry.domain}`;
  // A domain that is not exact is covered by its parents alone.
  for (let i = entry.kind === 'domain' && !entry.exact ? 1 : 0; i < labels.length; i++)
    yield `.${labels.slice(i).join('.')}`;
}

function keyOfNetwork(address: IpAddress, length: number): string {
  return `${formatAddress(maskAddress(address, length))}/${length}`;
}

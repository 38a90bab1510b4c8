/** The table for people: what was asked and observed, and below it why each weakness matters and how to fix it. */
import Table from 'cli-table3';
import { printable } from '../../../policy/findings/characters';
import { painter } from '../../io';
import type { Verdict } from '../outcome';
import { type Remedy, remedyOf } from '../remedy';
import { channelName } from '../session/channel';
import { type AuditReport, documentation, type Row, rowsOf, verdictLine } from './summary';

const order: readonly Verdict[] = ['unsafe', 'unknown', 'deferred', 'report', 'safe'];
const colours = { unsafe: 'red', unknown: 'yellow', deferred: 'yellow', report: 'cyan', safe: 'green' } as const;

export function tableText(
  report: AuditReport,
  { colour, width }: { readonly colour: boolean; readonly width: number },
): string {
  const paint = painter(colour);
  const verdictOf = (verdict: Verdict): string => paint(colours[verdict], verdict);
  const rows = rowsOf(report.results).sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  const { shown, bundled } = bundle(rows);
  const table = new Table({
    head: ['Verdict', 'Check', 'Where', 'Observed'],
    style: colour ? { head: ['bold'], border: [] } : { head: [], border: [] },
    colWidths: columns(width),
    wordWrap: true,
    wrapOnWordBoundary: true,
  });
  const all = report.channels.length;
  for (const { verdict, check, where, observed } of shown) {
    table.push([
      verdictOf(verdict),
      `${check.title}\n(${check.id})`,
      where.length === all && all > 1 ? 'everywhere' : where.join('\n'),
      printable(observed),
    ]);
  }
  for (const { where, observed, ids } of bundled)
    table.push([verdictOf('unknown'), `${ids.length} checks`, where.join('\n'), printable(observed)]);
  const parts = [
    `smtpcheck audit of ${[...new Set(report.channels.map(channelName))].join(', ')}`,
    table.toString(),
    ...bundled.map(({ ids, observed }) => `Not asked (${printable(observed)}): ${ids.join(', ')}`),
    ...fixes(shown),
    verdictLine(report.results),
  ];
  if (report.transcript !== undefined) parts.push(['Transcript:', ...report.transcript].join('\n'));
  return `${parts.join('\n\n')}\n`;
}

interface Bundle {
  readonly where: readonly string[];
  readonly observed: string;
  readonly ids: readonly string[];
}

/** A channel that cannot be reached leaves every question open: one row, not forty. */
function bundle(rows: readonly Row[]): { readonly shown: readonly Row[]; readonly bundled: readonly Bundle[] } {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.verdict !== 'unknown') continue;
    const key = `${row.where.join()} ${row.observed}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const large = [...groups.values()].filter((group) => group.length > 3);
  const hidden = new Set(large.flat());
  const bundled = large.map((group) => ({
    where: group[0]?.where ?? [],
    observed: group[0]?.observed ?? '',
    ids: group.map(({ check }) => check.id),
  }));
  return { shown: rows.filter((row) => !hidden.has(row)), bundled };
}

function columns(width: number): number[] {
  const verdict = 10;
  const rest = Math.max(width, 72) - verdict - 5;
  const check = Math.floor(rest * 0.27);
  const where = Math.floor(rest * 0.25);
  return [verdict, check, where, rest - check - where];
}

/** One for each check, and one for all that are deferred. */
function fixes(rows: readonly Row[]): string[] {
  const remedies = new Map<string, { readonly remedy: Remedy; readonly ids: Set<string> }>();
  for (const { check, verdict } of rows) {
    if (verdict === 'safe' || verdict === 'unknown') continue;
    const remedy = remedyOf(check, verdict);
    const { ids } = remedies.get(remedy.anchor) ?? { ids: new Set<string>() };
    remedies.set(remedy.anchor, { remedy, ids: ids.add(check.id) });
  }
  return [...remedies.values()].map(({ remedy: { why, fix, anchor }, ids }) =>
    [
      `${[...ids].join(', ')}: ${why}`,
      `  Haraka: ${fix.haraka}`,
      `  sendmail: ${fix.sendmail}`,
      `  Postfix: ${fix.postfix}`,
      `  Dovecot: ${fix.dovecot}`,
      `  Documentation: ${documentation}#${anchor}`,
    ].join('\n'),
  );
}

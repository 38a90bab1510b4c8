/** The table for people: what was asked and seen, and below it why each weakness matters and how to mend it. */
import Table from 'cli-table3';
import { printable } from '../../../core';
import { painter } from '../../io';
import { channelName } from '../channel';
import type { Verdict } from '../check';
import { documentation, type Report, type Row, rowsOf, verdictLine } from './summary';

const order: readonly Verdict[] = ['unsafe', 'unknown', 'report', 'safe'];
const colours = { unsafe: 'red', unknown: 'yellow', report: 'cyan', safe: 'green' } as const;

export function tableText(
  report: Report,
  { colour, width }: { readonly colour: boolean; readonly width: number },
): string {
  const paint = painter(colour);
  const verdictOf = (verdict: Verdict): string => paint(colours[verdict], verdict);
  const rows = rowsOf(report.results).sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
  const { shown, bundled } = bundle(rows);
  const table = new Table({
    head: ['Verdict', 'Check', 'Where', 'Seen'],
    style: colour ? { head: ['bold'], border: [] } : { head: [], border: [] },
    colWidths: columns(width),
    wordWrap: true,
    wrapOnWordBoundary: true,
  });
  const all = report.channels.length;
  for (const { verdict, check, where, seen } of shown) {
    table.push([
      verdictOf(verdict),
      `${check.title}\n(${check.id})`,
      where.length === all && all > 1 ? 'everywhere' : where.join('\n'),
      printable(seen),
    ]);
  }
  for (const { where, seen, ids } of bundled)
    table.push([verdictOf('unknown'), `${ids.length} checks`, where.join('\n'), printable(seen)]);
  const parts = [
    `smtpcheck audit of ${[...new Set(report.channels.map(channelName))].join(', ')}`,
    table.toString(),
    ...bundled.map(({ ids, seen }) => `Not asked (${printable(seen)}): ${ids.join(', ')}`),
    ...mending(shown),
    verdictLine(report.results),
  ];
  if (report.transcript !== undefined) parts.push(['Transcript:', ...report.transcript].join('\n'));
  return `${parts.join('\n\n')}\n`;
}

interface Bundle {
  readonly where: readonly string[];
  readonly seen: string;
  readonly ids: readonly string[];
}

/** A door that is shut leaves every question open: that is one line, not forty. */
function bundle(rows: readonly Row[]): { readonly shown: readonly Row[]; readonly bundled: readonly Bundle[] } {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.verdict !== 'unknown') continue;
    const key = `${row.where.join()} ${row.seen}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const large = [...groups.values()].filter((group) => group.length > 3);
  const hidden = new Set(large.flat());
  const bundled = large.map((group) => ({
    where: group[0]?.where ?? [],
    seen: group[0]?.seen ?? '',
    ids: group.map(({ check }) => check.id),
  }));
  return { shown: rows.filter((row) => !hidden.has(row)), bundled };
}

function columns(width: number): number[] {
  const verdict = 9;
  const rest = Math.max(width, 72) - verdict - 5;
  const check = Math.floor(rest * 0.27);
  const where = Math.floor(rest * 0.25);
  return [verdict, check, where, rest - check - where];
}

function mending(rows: readonly Row[]): string[] {
  const done = new Set<string>();
  return rows.flatMap(({ check, verdict }) => {
    if (verdict !== 'unsafe' && verdict !== 'report') return [];
    if (done.has(check.id)) return [];
    done.add(check.id);
    return [
      [
        `${check.id}: ${check.why}`,
        `  Haraka: ${check.mend.haraka}`,
        `  sendmail: ${check.mend.sendmail}`,
        `  Postfix: ${check.mend.postfix}`,
        `  Dovecot: ${check.mend.dovecot}`,
        `  More: ${documentation}#${check.id}`,
      ].join('\n'),
    ];
  });
}

/** The status of a running server for people. */
import type { DecisionCount, Status, Verify } from '../../status/answers';
import { painter } from '../io';

/** Whether an operator has to look into something. */
export function needsAttention({ lists, faults, processes }: Status): boolean {
  return (
    lists.some(({ rejected, state }) => rejected !== null || state === 'unavailable') ||
    Object.keys(faults).length > 0 ||
    processes.some(({ silent }) => silent)
  );
}

const mostEntries = 5;

export function printStatus(status: Status, colour: boolean): string {
  const paint = painter(colour);
  const now = Date.parse(status.time);
  const ago = (time: string) => duration(now - Date.parse(time));
  const workers = status.processes.filter(({ worker }) => worker > 0);
  const inCluster = workers.length > 0 ? `, ${workers.length} workers` : '';
  const observing = Object.entries(status.modes).filter(([, mode]) => mode === 'observe');
  const lines = [
    `smtpcheck ${status.suite}, up ${ago(status.startedAt)}${inCluster}, generation ${status.generation}`,
    ...(observing.length > 0 ? [`only observing: ${observing.map(([plugin]) => plugin).join(', ')}`] : []),
    '',
    ...table([
      ['list', 'source', 'entries', 'state', 'in force for'],
      ...status.lists.map((one) => [one.list, one.source, String(one.entries), one.state, ago(one.loadedAt)]),
    ]),
  ];
  for (const { list, rejected } of status.lists) {
    if (!rejected) continue;
    const findings = rejected.findings.map(({ file, line, code, message }) => `${file}:${line}: ${code}: ${message}`);
    const more = rejected.omitted > 0 ? [`and ${rejected.omitted} more`] : [];
    lines.push('', paint('red', `${list}: a newer version is rejected`));
    lines.push(...[...findings, ...more, ...(rejected.message ? [rejected.message] : [])].map((text) => `  ${text}`));
  }
  lines.push('', ...decisionLines(status.decisions));
  const top = status.entries.matched.slice(0, mostEntries);
  if (top.length > 0) {
    const rows = top.map(({ matches, file, line, text, lastMatch }) => [
      String(matches),
      `${file}:${line}`,
      text ?? '',
      `${ago(lastMatch)} ago`,
    ]);
    lines.push('', ...table([['matches', 'entry', 'text', 'last'], ...rows]));
  }
  const { found = 0, none = 0, unknown = 0 } = status.dns.lookups;
  lines.push(
    '',
    `DNS lookups: ${found} found, ${none} none, ${unknown} failed; ${status.dns.rememberedNames} clients remembered`,
  );
  lines.push(...verifyLines(status.verify, ago));
  for (const [hook, count] of Object.entries(status.faults)) {
    lines.push(paint('red', `faults in ${hook}: ${count}; each is in the log as "smtpcheck fault"`));
  }
  for (const { worker, pid, silent } of status.processes) {
    if (silent) lines.push(paint('red', `worker ${worker} (process ${pid}) has been silent for more than 5 s`));
  }
  return `${lines.join('\n')}\n`;
}

/** None where nobody has been asked about. */
function verifyLines({ questions, remembered, unasked, cache, acceptAll }: Verify, ago: (time: string) => string) {
  const { known, unknown, unsure } = questions;
  if (known + unknown + unsure + remembered + unasked + cache.size === 0) return [];
  const oldest = cache.oldest === null ? '' : `, the oldest ${ago(cache.oldest)} old`;
  return [
    `recipients verified: ${known} known, ${unknown} unknown, ${unsure} without a clear answer, ${unasked} not asked because of the rate; ${remembered} from memory, which has ${cache.size}${oldest}`,
    ...acceptAll.map((domain) => `the next hop of ${domain} accepts every recipient, and is not asked again today`),
  ];
}

function decisionLines(decisions: readonly DecisionCount[]): readonly string[] {
  const counted = decisions.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  if (counted.length === 0) return ['no decision yet'];
  const rows = counted.map(({ plugin, outcome, rule, observed, count }) => [
    String(count),
    outcome,
    `${plugin} ${rule}`,
    observed ? 'only observed' : '',
  ]);
  return table([['count', 'outcome', 'rule', ''], ...rows]);
}

export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** `3 h 12 min`, `45 s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600), Math.floor(seconds / 60)];
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

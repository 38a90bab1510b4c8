/** What is in force and what has been counted: lists, rules, entries, processes, and what needs attention. */
import type { DecisionCount, List, Status, Unmatched } from '../answers.js';
import { badge, byId, type Cell, cell, duration, el, fillTable, place, plural, time, update, written } from './dom.js';

export function showStatus(status: Status): void {
  showHeader(status);
  showAttention(status);
  fillTable('lists-table', status.lists, () => status.lists.flatMap(listRows));
  const counted = status.decisions.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  fillTable('rules-table', counted, () => counted.map(ruleRow), 'No decision yet.');
  const { matched, notShown } = status.entries;
  const others: Cell[][] =
    notShown > 0 ? [[{ content: [`and ${notShown} more that matched less often`], wide: true }]] : [];
  fillTable('entries-table', status.entries, () => [...matched.map(entryRow), ...others], 'No entry has matched yet.');
  fillTable('processes-table', status.processes, () => status.processes.map((one) => processRow(one, status)));
}

function showHeader({ suite, time: now, startedAt, generation, modes }: Status): void {
  const observing = Object.keys(modes).filter((plugin) => modes[plugin] === 'observe');
  const parts = [
    `version ${suite}`,
    `up ${duration(Date.parse(now) - Date.parse(startedAt))}`,
    `generation ${generation}`,
    ...(observing.length > 0 ? [`only observing: ${observing.join(', ')}`] : []),
  ];
  update(byId('server'), parts, () => [parts.join(' · ')]);
}

function showAttention({ lists, faults, processes }: Status): void {
  const wrong = [
    ...lists.filter(({ state }) => state === 'unavailable').map(({ list }) => [`${list} is unavailable`, '#lists']),
    ...lists.filter(({ rejected }) => rejected).map(({ list }) => [`${list}: a newer version is rejected`, '#lists']),
    ...processes.filter(({ silent }) => silent).map(({ worker }) => [`Worker ${worker} is silent`, '#processes']),
    ...Object.entries(faults).map(([hook, count]) => [
      `${plural(count, 'fault')} in ${hook}, in the log as "smtpcheck fault"`,
      '',
    ]),
  ] as const;
  const box = byId('attention');
  box.hidden = wrong.length === 0;
  document.title = wrong.length === 0 ? 'smtpcheck' : `(${wrong.length}) smtpcheck`;
  update(box, wrong, () =>
    wrong.map(([text = '', href = '']) => el('li', {}, href === '' ? text : el('a', { href }, text))),
  );
}

function listRows({ list, source, state, entries, generation, loadedAt, rejected }: List): readonly Cell[][] {
  const own = [
    cell(list),
    cell(el('span', { class: 'entry' }, source)),
    cell(badge(state)),
    cell(String(entries)),
    cell(String(generation)),
    cell(time(loadedAt)),
  ];
  if (!rejected) return [own];
  const { at, findings, omitted, message } = rejected;
  const reasons = findings.map((finding) =>
    el('li', {}, place(finding), ` ${finding.message} `, el('code', { class: 'muted' }, finding.code)),
  );
  if (omitted > 0) reasons.push(el('li', {}, `and ${plural(omitted, 'finding')} more`));
  if (message !== null) reasons.push(el('li', {}, message));
  const heading = el('li', {}, el('strong', {}, `A newer version of ${list} is rejected`), ' since ', time(at));
  return [own, [{ content: [el('ul', { class: 'findings' }, heading, ...reasons)], wide: true }]];
}

function ruleRow({ rule, plugin, outcome, observed, count }: DecisionCount): readonly Cell[] {
  const badges = observed ? [badge(outcome), ' ', badge('observed')] : [badge(outcome)];
  return [cell(rule), cell(plugin), cell(el('span', {}, ...badges)), cell(String(count))];
}

function entryRow(entry: Status['entries']['matched'][number]): readonly Cell[] {
  return [cell(place(entry)), cell(written(entry)), cell(String(entry.matches)), cell(time(entry.lastMatch))];
}

function processRow(
  { worker, pid, silent, generation, startedAt, lastReport }: Status['processes'][number],
  { processes }: Status,
) {
  const own = processes.length > 1 ? 'master' : 'single process';
  return [
    cell(worker === 0 ? own : `worker ${worker}`),
    cell(String(pid)),
    cell(badge(silent ? 'silent' : 'reporting')),
    cell(String(generation)),
    cell(time(startedAt)),
    cell(time(lastReport)),
  ];
}

export function showUnmatched({ startedAt, matchesOfOthers, lists }: Unmatched): void {
  update(byId('unmatched-since'), [startedAt, matchesOfOthers], () => [
    'Nothing has been decided by them since ',
    time(startedAt),
    ', or since they were added.',
    matchesOfOthers > 0
      ? ` ${plural(matchesOfOthers, 'match', 'matches')} of entries that matched long ago are counted only in sum, so an entry here may have matched.`
      : '',
  ]);
  const box = byId('unmatched-lists');
  const open = new Set([...box.querySelectorAll<HTMLDetailsElement>('details[open]')].map(({ id }) => id));
  update(box, lists, () => lists.filter(({ entries }) => entries > 0).map((list) => unmatchedList(list, open)));
}

function unmatchedList(
  { list, source, entries, unmatched, shown, notShown }: Unmatched['lists'][number],
  open: ReadonlySet<string>,
): HTMLElement {
  const id = `unmatched-${list}`;
  const rows = shown.map((entry) => {
    const end = entry.ended ? [' ', badge('ended')] : [];
    return el('li', {}, place({ file: source, line: entry.line }), ' ', written(entry), ...end);
  });
  if (notShown > 0) {
    const why = shown.length === 0 ? 'the list is too large for its text to be kept' : 'and more';
    rows.push(el('li', { class: 'comment' }, `${plural(notShown, 'entry', 'entries')} without text: ${why}`));
  }
  const summary = el('summary', {}, el('strong', {}, list), ` ${unmatched} of ${plural(entries, 'entry', 'entries')}`);
  const details = el(
    'details',
    { id },
    summary,
    el('ul', { tabindex: '0', 'aria-label': `${list}, not matched` }, ...rows),
  );
  details.open = open.has(id);
  return details;
}

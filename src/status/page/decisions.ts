/** The recent decisions, the newest first, with a filter over all that is shown of them. */
import type { Decision, Decisions } from '../answers.js';
import { badge, byId, cell, line, place, row, time, written } from './dom.js';

/** More rows at once are of no use to a reader, and slow to lay out. */
const mostShown = 200;
const mostKept = 2000;

interface Kept {
  readonly decision: Decision;
  readonly text: string;
  readonly row: HTMLTableRowElement;
}

let kept: readonly Kept[] = [];
let startedAt = '';
let last = 0;

const table = byId<HTMLTableElement>('decisions-table');
const filter = byId<HTMLInputElement>('filter');
const permitted = byId<HTMLInputElement>('permitted');
filter.addEventListener('input', () => show('polite'));
permitted.addEventListener('change', () => show('polite'));

/** What to ask the server for: what has come in since. */
export function decisionsQuery(): string {
  return `decisions.json?outcome=permit&outcome=refuse&outcome=defer&after=${last}`;
}

export function showDecisions(news: Decisions): void {
  if (news.startedAt !== startedAt) {
    // Another server counts from 1 again, and may have been asked for what comes after more.
    const isFirst = startedAt === '';
    startedAt = news.startedAt;
    last = isFirst ? news.last : 0;
    kept = [];
    table.tBodies[0]?.replaceChildren();
    if (!isFirst) return;
  }
  last = news.last;
  if (news.decisions.length === 0 && kept.length > 0) return;
  const added = news.decisions.slice(0, mostKept).map((decision) => ({
    decision,
    text: textOf(decision),
    row: decisionRow(decision),
  }));
  table.tBodies[0]?.prepend(...added.map((one) => one.row));
  for (const one of kept.slice(Math.max(0, mostKept - added.length))) one.row.remove();
  kept = [...added, ...kept].slice(0, mostKept);
  show('off');
}

/** Hides what does not match. A screen reader announces how many do where somebody has asked, and not at every new decision. */
function show(live: 'polite' | 'off'): void {
  const words = filter.value.toLowerCase().split(/\s+/);
  let matching = 0;
  for (const { decision, text, row: shown } of kept) {
    const matches = (permitted.checked || decision.outcome !== 'permit') && words.every((word) => text.includes(word));
    if (matches) matching++;
    shown.hidden = !matches || matching > mostShown;
  }
  const beyond = matching > mostShown ? `, ${mostShown} shown` : '';
  const count = byId('shown');
  count.setAttribute('aria-live', live);
  count.textContent = `${matching} of ${kept.length}${beyond}`;
}

function textOf({ entry, ...decision }: Decision): string {
  const where = entry ? [`${entry.file}:${entry.line}`, entry.list, entry.text ?? '', entry.comment ?? ''] : [];
  const observed = decision.observed ? 'observed' : '';
  return [...Object.values(decision).map(String), observed, ...where].join('\n').toLowerCase();
}

/** Without its brackets; the sender of a bounce has nothing else. */
function mailbox(path: string): string {
  return path.replace(/^<(.+)>$/, '$1');
}

function decisionRow(decision: Decision): HTMLTableRowElement {
  const { outcome, rule, plugin, observed, ip, ptr, helo, from, rcpt, reply, entry } = decision;
  // What Haraka writes in the place of a name: `isPtrName` of src/policy/client-names.ts, which is not for the browser.
  const hasName = !['', 'NXDOMAIN', 'DNSERROR', 'Unknown'].includes(ptr);
  return row(table, [
    cell(time(decision.time)),
    cell(
      line('', badge(outcome), ...(observed ? [' ', badge('observed')] : [])),
      line('', rule),
      line('muted', plugin),
    ),
    cell(
      line('', ip),
      ...(hasName ? [line('muted', ptr)] : []),
      ...(helo === '' || helo === ptr ? [] : [line('muted', `HELO ${helo}`)]),
    ),
    cell(line('muted', mailbox(from)), line('', mailbox(rcpt))),
    cell(line('', reply)),
    cell(...(entry ? [line('', place(entry)), line('', written(entry))] : [])),
  ]);
}

/** The measured part of docs/dev/peers.md: what is compared, where it differs, and why. No number in it is typed by hand. */
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../../examples/haraka-directory';
import type { PeerName } from '../servers/install';
import { compareOutcomes, type Difference } from './compare';
import { type Explanation, explanations } from './explanations';
import type { Measured } from './measure';

export const peerNames: readonly PeerName[] = ['sendmail', 'postfix'];
export const pageFile = path.join(checkout, 'docs', 'dev', 'peers.md');

const titles: Readonly<Record<PeerName, string>> = { sendmail: 'sendmail', postfix: 'Postfix' };
const begin = '<!-- Measured: `npm run update:peers` writes from here -->\n';
const end = '<!-- to here. -->\n';

export interface Found {
  readonly id: string;
  readonly peer: PeerName;
  readonly difference: Difference;
}

export function differencesIn(measured: readonly Measured[]): readonly Found[] {
  return measured.flatMap(({ played: { id }, outcomes }) =>
    peerNames.flatMap((peer) => {
      const difference = compareOutcomes(outcomes.smtpcheck, outcomes[peer]);
      return difference ? [{ id, peer, difference }] : [];
    }),
  );
}

export function differencesExplained(): readonly Found[] {
  return explanations.flatMap((explanation) =>
    peerNames.flatMap((peer) =>
      (explanation[peer] ?? []).map((id) => ({ id, peer, difference: explanation.difference })),
    ),
  );
}

export function measuredPart(measured: readonly Measured[]): string {
  const found = differencesIn(measured);
  return [summaryOf(measured, found), ...explanations.map((one) => sectionOf(one, measured))].join('\n');
}

export function measuredPartOfPage(): string {
  return split(fs.readFileSync(pageFile, 'utf8'))[1];
}

export function writePage(measured: readonly Measured[]): void {
  const [before, , after] = split(fs.readFileSync(pageFile, 'utf8'));
  fs.writeFileSync(pageFile, `${before}${measuredPart(measured)}${after}`);
}

function split(page: string): readonly [string, string, string] {
  const from = page.indexOf(begin) + begin.length;
  const to = page.indexOf(end);
  if (from < begin.length || to < from) throw new Error(`${pageFile} has no measured part`);
  return [page.slice(0, from), page.slice(from, to), page.slice(to)];
}

function summaryOf(measured: readonly Measured[], found: readonly Found[]): string {
  const rowOf = (title: string, some: readonly Measured[]) => {
    const counts = peerNames.flatMap((peer) => {
      const differ = found.filter((one) => one.peer === peer && some.some(({ played }) => played.id === one.id)).length;
      return [some.length - differ, differ];
    });
    return row([title, some.length, ...counts]);
  };
  const groups = new Set(measured.map(({ played }) => played.group));
  return [
    '',
    row(['Group', 'Cases', ...peerNames.flatMap((peer) => [`As ${titles[peer]}`, `Unlike ${titles[peer]}`])]),
    row(['---', '--:', '--:', '--:', '--:', '--:']),
    ...[...groups].map((group) =>
      rowOf(
        group,
        measured.filter(({ played }) => played.group === group),
      ),
    ),
    rowOf('all', measured),
    '',
  ].join('\n');
}

function sectionOf(explanation: Explanation, measured: readonly Measured[]): string {
  const concerned = measured.filter(({ played }) => peerNames.some((peer) => explanation[peer]?.includes(played.id)));
  return [
    `### ${explanation.title}: ${explanation.difference}`,
    '',
    explanation.why,
    '',
    row(['Case', 'What it is', ...peerNames.map((peer) => titles[peer])]),
    row(['---', '---', '---', '---']),
    ...concerned.map(({ played, outcomes }) => {
      const cells = peerNames.map((peer) => compareOutcomes(outcomes.smtpcheck, outcomes[peer]) ?? 'agree');
      return row([played.id, played.why.replaceAll('|', '\\|'), ...cells]);
    }),
    '',
  ].join('\n');
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** The output of an import: files on stdout and remarks on stderr, or one JSON document. */
import { styleText } from 'node:util';
import { printable } from '../../../policy/findings/characters';
import { jsonText } from '../../io';
import { lineRanges } from '../../line-ranges';
import type { ReadSource } from '../gather';
import type { ResolvedPolicy } from '../merge/resolve-policy';
import { describeRemark, kindOf, type Remark } from '../remark';
import { listNames } from '../site-policy';
import type { RemarkKind } from '../wording';
import { unifiedDiff } from './diff';
import { iniSetting } from './render';
import { formatOrigin } from './render-lines';
import type { PlannedFile } from './target';

export interface ImportResult {
  readonly folder: string;
  readonly dryRun: boolean;
  readonly sources: readonly ReadSource[];
  readonly policy: ResolvedPolicy;
  readonly files: readonly PlannedFile[];
}

/** Whether anything of the source was left out or changed: exit code 1. */
export function hasLosses(remarks: readonly Remark[]): boolean {
  return remarks.some((remark) => kindOf(remark.code) !== 'note');
}

const labels: Readonly<Record<RemarkKind, string>> = {
  'left-out': 'left out',
  changed: 'changed',
  note: 'note',
};

const colours = { 'left-out': 'red', changed: 'yellow', note: 'cyan' } as const;

/** `access:12: left out: From:… RELAY: … [access-from-relay]`, and below it the effect and the suggestion. */
export function formatRemark(remark: Remark, colour: boolean, lines = formatOrigin(remark.at)): string {
  const { kind, message, effect, suggestion } = describeRemark(remark);
  const label = colour ? styleText(colours[kind], labels[kind], { validateStream: false }) : labels[kind];
  const what = printable(`${displayText(remark.text)}: ${message}`);
  const text = [`${lines}: ${label}: ${what} [${remark.code}]`];
  text.push(`    effect: ${effect}`);
  if (suggestion) text.push(`    suggestion: ${suggestion}`);
  return `${text.join('\n')}\n`;
}

function fieldsOf(remark: Remark) {
  const { folds: _, ...fields } = describeRemark(remark);
  return fields;
}

/** All remarks; those that fold, and say the same of several lines of one file, as one at the first of these lines. */
export function formatRemarks(remarks: readonly Remark[], colour: boolean): string {
  const groups = new Map<string, Remark[]>();
  const keys = remarks.map((remark, i) => {
    const { folds, message } = describeRemark(remark);
    const key = folds ? JSON.stringify([remark.at.file, remark.code, message]) : `${i}`;
    const group = groups.get(key);
    if (group) group.push(remark);
    else groups.set(key, [remark]);
    return key;
  });
  return remarks
    .map((remark, i) => {
      const group = groups.get(keys[i] ?? '') ?? [];
      if (group.length < fewest) return formatRemark(remark, colour);
      return group[0] === remark ? formatGroup(group, remark, colour) : '';
    })
    .join('');
}

/** Fewer remarks than these are reported each by itself. */
const fewest = 3;
/** Of one group the texts of so many are shown. */
const most = 4;

function formatGroup(group: readonly Remark[], first: Remark, colour: boolean): string {
  const texts = [...new Set(group.map(({ text }) => text.replace(/\s*=.*$/s, '')))];
  const shown = texts.slice(0, most).join(', ');
  const text = `${group.length} times, ${texts.length > most ? `${shown} and ${texts.length - most} more` : shown}`;
  const lines = printable(`${first.at.file}:${lineRanges(group.map(({ at }) => at.line)).join(',')}`);
  return formatRemark({ ...first, text }, colour, lines);
}

function displayText(text: string): string {
  const plain = text.replace(/[\t\r\n ]+/g, ' ');
  return plain.length > 100 ? `${plain.slice(0, 97)}...` : plain;
}

export function formatSummary(remarks: readonly Remark[]): string {
  const count = (kind: RemarkKind) => remarks.filter((remark) => kindOf(remark.code) === kind).length;
  const notes = count('note');
  return `${count('left-out')} left out, ${count('changed')} changed, ${notes} ${notes === 1 ? 'note' : 'notes'}\n`;
}

const done = { create: 'wrote', replace: 'replaced', unchanged: 'unchanged' } as const;

export function formatFiles(outcome: ImportResult): string {
  if (outcome.dryRun) return outcome.files.map((file) => displayDiff(file)).join('');
  return outcome.files.map((file) => `${describeFile(file)}\n`).join('');
}

/** Tabs and CRLF, which do a terminal no harm, stay: `patch` takes the diff as it is shown. */
function displayDiff({ name, before, after }: PlannedFile): string {
  return unifiedDiff(name, before, after).replace(/(?:(?!\r?\n)[^\t])+/g, printable);
}

function describeFile(file: PlannedFile): string {
  if (isEmptied(file)) return printable(`emptied ${file.displayPath} (it held ${entries(file.held)})`);
  return printable(`${done[file.action]} ${file.displayPath} (${entries(file.count)})`);
}

function isEmptied({ count, held }: PlannedFile): boolean {
  return count === 0 && held > 0;
}

function entries(count: number): string {
  return `${count} ${count === 1 ? 'entry' : 'entries'}`;
}

/** Emptying a list of refusals lets clients in, so it has a warning of its own. */
export function formatEmptied(files: readonly PlannedFile[]): string {
  return files
    .filter((file) => isEmptied(file) && (file.name === 'host.deny' || file.name === 'relay.map'))
    .map(
      ({ displayPath: path, held }) =>
        `warning: ${printable(path)} is emptied of ${entries(held)}: whom only they refuse is let in\n`,
    )
    .join('');
}

/** The `--json` document, version 1; described in `src/cli/import/command.ts` and docs/reference/cli-import.md. */
export function toJson(outcome: ImportResult): string {
  const { policy } = outcome;
  const document = {
    version: 1,
    folder: outcome.folder,
    dryRun: outcome.dryRun,
    sources: outcome.sources,
    lists: Object.fromEntries(
      listNames.map((name) => [
        name,
        policy.lists[name].map(({ text, route, origins, comments, trailingComment }) => ({
          entry: text,
          ...(route === undefined ? {} : { route }),
          from: origins,
          comments: trailingComment === undefined ? comments : [...comments, trailingComment],
        })),
      ]),
    ),
    map: policy.map.map(({ key, value, origin }) => ({ key, value, from: [origin] })),
    hostList: policy.localNames.map(({ name, origins }) => ({ name, from: origins })),
    settings: policy.settings
      .map(iniSetting)
      .map(({ section, key, value, origin }) => ({ section, key, value, from: [origin] })),
    suggestions: policy.suggestions.map(({ plugin, setting, origin }) => ({ plugin, ...setting, from: [origin] })),
    files: outcome.files.map((file) => ({
      name: file.name,
      path: file.path,
      action: file.action,
      ...(outcome.dryRun ? { diff: unifiedDiff(file.name, file.before, file.after) } : {}),
    })),
    remarks: policy.remarks.map((remark) => ({
      code: remark.code,
      at: remark.at,
      text: remark.text,
      ...fieldsOf(remark),
    })),
  };
  return jsonText(document);
}

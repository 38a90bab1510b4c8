/** `smtpcheck lint`: is what I wrote right? Every fault that would stop a load, and what is likely a slip. */
import { isAbsolute, join, relative } from 'node:path';
import { Command, Option } from 'commander';
import { Suite } from '../host/suite';
import { decodeText, readFileStateSync } from '../lists/files/file-reader';
import { type ListId, ownListSettings, pathOf, settingsFile } from '../lists/list-settings';
import type { LoadedSite } from '../lists/load';
import type { ListKind } from '../policy/entries/list';
import { findHarakaFolder, type HarakaFolder, readConfigValue } from './haraka-folder';
import { type ExitCode, type Io, wantsColour, writeLine } from './io';
import { lintDns } from './lint/dns';
import { entriesOf, type ListText, type LocatedEntry, lintEntries } from './lint/entries';
import { lintFiles } from './lint/files';
import { type LintFinding, lintFinding, severityOf } from './lint/finding';
import { type Format, format, formats, type LintReport } from './lint/formats';
import {
  hostConfigFiles,
  lintLocalDomains,
  lintLocalRecipients,
  lintPlugins,
  lintProxies,
  lintSettings,
  lintStockRelay,
} from './lint/host-config';
import { lintMapRefusals } from './lint/map-refusals';
import { lintRelayMap, rowsOf } from './lint/relay-map';
import { explainCode } from './lint/rules-page';
import { lintKey } from './redis';
import { loadFolder } from './site';

export interface LintOptions {
  readonly config?: string;
  readonly format?: Format;
  readonly json?: boolean;
  readonly dns?: boolean;
  /** A code whose section of docs/reference/rules.md is printed; nothing is linted then. */
  readonly explain?: string;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('lint')
    .option('-c, --config <DIR>', 'the Haraka folder (default: $HARAKA, else the folder you are in)')
    .addOption(new Option('--format <FORMAT>', 'how findings are written').choices([...formats]).default('text'))
    .option('--json', 'the same as --format=json')
    .option('--dns', 'also ask the DNS about relay.to and localdomain')
    .addOption(
      new Option('--explain <CODE>', 'print what a finding means and what to write instead; lint nothing').conflicts([
        'config',
        'format',
        'json',
        'dns',
      ]),
    )
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck lint                        check the Haraka folder you stand in
  smtpcheck lint -c /etc/haraka --dns   another one, and its domains
  smtpcheck lint --format=github        annotations in a GitHub workflow
  smtpcheck lint --explain entry-twice  what a finding means

Exit code: 0 nothing found, 1 findings, 2 could not run.`,
    )
    .action(async (options: LintOptions) => done(await run(options, io)));
}

export async function run(options: LintOptions, io: Io): Promise<ExitCode> {
  if (options.explain !== undefined) {
    io.stdout.write(explainCode(options.explain));
    return 0;
  }
  const folder = findHarakaFolder(options.config, io);
  const report = await lint(folder, options.dns === true, io.env);
  const as = options.json ? 'json' : (options.format ?? 'text');
  const colour = wantsColour(io.stdout, io.env);
  io.stdout.write(format(report, as, { colour, pathOf: (file) => pathFrom(io.cwd, folder, file) }));
  if (options.dns && report.findings.some(({ severity }) => severity === 'fault')) {
    writeLine(io.stderr, 'the DNS was not asked: Haraka would not start with these faults');
  }
  const errors = report.findings.filter((finding) => severityOf(finding) === 'error').length;
  const warnings = report.findings.length - errors;
  writeLine(io.stderr, `${count(errors, 'error')}, ${count(warnings, 'warning')} in ${folder.config}`);
  if (as === 'text' && report.findings.length > 0)
    writeLine(io.stderr, 'smtpcheck lint --explain CODE prints what a finding means and what to write instead');
  return report.findings.length > 0 ? 1 : 0;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function pathFrom(cwd: string, folder: HarakaFolder, file: string): string {
  return isAbsolute(file) ? file : relative(cwd, join(folder.config, file));
}

/** All findings of a Haraka folder and the keys it names, in the order of files and lines. Changes nothing. */
export async function lint(
  folder: HarakaFolder,
  askDns: boolean,
  env: NodeJS.ProcessEnv = process.env,
): Promise<LintReport> {
  const { onDisk: site, keys } = await loadFolder(folder, env);
  const { readable: settings, written } = site.settings.value;
  const keyReports = ownListSettings.flatMap((listSetting) => {
    const once = keys.get(listSetting.name);
    return once ? [{ list: listSetting.name, ...lintKey(listSetting, once) }] : [];
  });
  const texts: readonly NamedListText[] = [
    ...textsOf(folder, site),
    ...keyReports.flatMap(({ list, name, text }) => (text === undefined ? [] : [{ list, file: name, text }])),
  ];
  const lists = texts.filter(({ list }) => list !== 'relay_map').map(locatedEntriesIn);
  const listsOf = (kind: ListKind) => lists.filter((l) => l.kind === kind).map(({ located }) => located);
  const entries = (kind: ListKind): LocatedEntry[] => listsOf(kind).flat();
  const maps = texts.filter(({ list }) => list === 'relay_map').map(rowsOf);
  const askedBefore = { clientNetworks: listsOf('local_ip'), destinations: listsOf('relay_to') };
  const findings: LintFinding[] = [
    ...site.findings,
    ...keyReports.flatMap((keyReport) => keyReport.findings),
    ...keyReports.flatMap(({ name, unread }) =>
      unread === undefined ? [] : [lintFinding('redis-unread', { file: name, line: 1 }, name, { detail: unread })],
    ),
    ...lists.flatMap(({ kind, located }) => lintEntries(kind, located)),
    ...maps.flatMap((rows) => [...lintRelayMap(rows), ...lintMapRefusals(rows, askedBefore)]),
    ...lintSettings(settings, written, pluginTimeout(folder)),
    ...lintFiles(folder, settings),
    ...lintLocalDomains(folder, entries('relay_to')),
    ...lintProxies(folder, entries('local_ip')),
    ...lintPlugins(folder),
    ...lintLocalRecipients(folder, settings),
    ...lintStockRelay(folder),
  ];
  if (askDns && site.policy) {
    const suite = new Suite({ policy: site.policy, close() {} }, (readConfigValue(folder, 'me') ?? '').toLowerCase());
    findings.push(...(await lintDns({ suite, relayTo: entries('relay_to'), localDomain: entries('local_domain') })));
  }
  findings.sort((a, b) => a.at.file.localeCompare(b.at.file) || a.at.line - b.at.line);
  const read = [settingsFile, 'plugins', ...texts.map(({ file }) => file), ...hostConfigFiles(folder)];
  const files = [...new Set([...read, ...findings.map(({ at }) => at.file)])];
  return { folder: folder.config, findings, files };
}

/** The text of a list, from a file or a Redis key, and the setting that names it. */
interface NamedListText extends ListText {
  readonly list: ListId;
}

function locatedEntriesIn(text: NamedListText): { readonly kind: ListKind; readonly located: readonly LocatedEntry[] } {
  const kind = text.list as ListKind;
  return { kind, located: entriesOf(kind, text) };
}

function textsOf(folder: HarakaFolder, site: LoadedSite): NamedListText[] {
  return ownListSettings.flatMap((listSetting) => {
    const { file } = listSetting.sourceIn(site.settings.value.readable);
    const state = file === '' ? undefined : readFileStateSync(pathOf(folder.config, file));
    return state?.state === 'read' ? [{ list: listSetting.name, file, text: decodeText(state.bytes) }] : [];
  });
}

/** Seconds, as Haraka reads it; 0 for no limit. */
function pluginTimeout(folder: HarakaFolder): number {
  const text = readConfigValue(folder, 'smtpcheck.timeout') ?? readConfigValue(folder, 'plugin_timeout');
  const seconds = Number.parseFloat(text ?? '');
  return Number.isNaN(seconds) ? 30 : seconds;
}

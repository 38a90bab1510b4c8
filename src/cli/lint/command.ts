/** `smtpcheck lint`: is what I wrote right? Every fault that would stop a load, and what is likely a slip. */
import { isAbsolute, join, relative } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Suite } from '../../host/suite';
import { decodeText, readFileStateSync } from '../../lists/files/file-reader';
import { type ListId, ownListSettings, pathOf, settingsFile } from '../../lists/list-settings';
import type { LoadedSite } from '../../lists/load';
import type { Attributes } from '../../policy/attributes/attributes';
import type { ListKind } from '../../policy/entries/list';
import { findHarakaFolder, type HarakaFolder, pluginLines, readConfigValue, suitePluginsOf } from '../haraka-folder';
import { type ExitCode, type Io, wantsColour, writeLine } from '../io';
import { lintKey } from '../redis';
import { loadFolder } from '../site';
import { applyAllowances } from './allow';
import { lintDeniedHost, lintDeniedTrust } from './checks/denied';
import { lintDns } from './checks/dns';
import { defaultExpiringDays, hasExpired, type LintTime, lintEnds } from './checks/ends';
import { entriesOf, exchangesOf, type ListText, type LocatedEntry, lintEntries, lintExchanges } from './checks/entries';
import { lintEverything, networksOf, relayingNetworksOf } from './checks/everything';
import { lintExamples } from './checks/examples';
import { lintFiles } from './checks/files';
import {
  hostConfigFiles,
  lintLocalDomains,
  lintLocalRecipients,
  lintLogLevel,
  lintPlugins,
  lintProxies,
  lintSettings,
  lintStockRelay,
} from './checks/host-config';
import { lintMapRefusals } from './checks/map-refusals';
import { lintAcceptAll, lintNextHops } from './checks/next-hops';
import { lintRelayMap, rowsOf } from './checks/relay-map';
import { interfaceAddresses, thisHostOf } from './checks/this-host';
import { WholeCover } from './checks/whole-cover';
import { type LintFinding, lintFinding, severityOf } from './finding';
import { fold } from './fold';
import { type Format, format, formats, type LintReport } from './formats';
import { explainCode } from './rules-page';

export interface LintOptions {
  readonly config?: string;
  readonly format?: Format;
  readonly json?: boolean;
  readonly dns?: boolean;
  /** Shows each of many findings of one code in one file. */
  readonly all?: boolean;
  /** Neither reports warnings nor exits 1 for them. */
  readonly errorsOnly?: boolean;
  /** How many days ahead an entry is reported that ends. */
  readonly expiring?: number;
  /** A code whose section of docs/reference/rules.md is printed; nothing is linted then. */
  readonly explain?: string;
}

export function command(io: Io, done: (code: ExitCode) => void): Command {
  return new Command('lint')
    .option('-c, --config <DIR>', 'the Haraka folder (default: $HARAKA, else the folder you are in)')
    .addOption(new Option('--format <FORMAT>', 'how findings are written').choices([...formats]).default('text'))
    .option('--json', 'the same as --format=json')
    .option('--all', 'show every finding, also where one file has many of one code')
    .option('--errors-only', 'report no warnings, and exit 0 where there are no errors')
    .addOption(
      new Option('--expiring <DAYS>', 'report entries that end within so many days')
        .default(defaultExpiringDays)
        .argParser(wholeNumber),
    )
    .option('--dns', 'also ask the DNS about relay.to and localdomain')
    .addOption(
      new Option('--explain <CODE>', 'print what a finding means and what to write instead; lint nothing').conflicts([
        'config',
        'format',
        'json',
        'dns',
        'expiring',
        'all',
        'errorsOnly',
      ]),
    )
    .addHelpText(
      'after',
      `
Examples:
  smtpcheck lint                        check the Haraka folder you stand in
  smtpcheck lint -c /etc/haraka --dns   another one, and its domains
  smtpcheck lint --format=github        annotations in a GitHub workflow
  smtpcheck lint --errors-only          what keeps Haraka from starting, or lets mail in or out wrongly
  smtpcheck lint --expiring 60          also what ends within two months
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
  const time = { now: Date.now(), expiringDays: options.expiring ?? defaultExpiringDays };
  const report = await lint(folder, options.dns === true, io.env, time);
  const as = options.json ? 'json' : (options.format ?? 'text');
  const colour = wantsColour(io.stdout, io.env);
  const errorsOnly = options.errorsOnly === true;
  const all = options.all === true;
  const found = report.findings.filter((finding) => !errorsOnly || severityOf(finding) === 'error');
  const pathOf = (file: string) => pathFrom(io.cwd, folder, file);
  io.stdout.write(format({ ...report, findings: found }, as, { colour, all, pathOf }));
  if (options.dns && report.findings.some(({ severity }) => severity === 'fault')) {
    writeLine(io.stderr, 'the DNS was not asked: Haraka would not start with these faults');
  }
  const errors = report.findings.filter((finding) => severityOf(finding) === 'error').length;
  const warnings = report.findings.length - errors;
  const hidden = errorsOnly && warnings > 0 ? ' (not shown)' : '';
  const allowed = report.allowed > 0 ? `, ${report.allowed} allowed` : '';
  writeLine(
    io.stderr,
    `${count(errors, 'error')}, ${count(warnings, 'warning')}${hidden}${allowed} in ${folder.config}`,
  );
  if (as === 'text' && found.length > 0) {
    if (!all && fold(found).foldedBehind.size > 0) writeLine(io.stderr, 'smtpcheck lint --all shows every finding');
    writeLine(io.stderr, 'smtpcheck lint --explain CODE prints what a finding means and what to write instead');
  }
  return found.length > 0 ? 1 : 0;
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of days.');
  return Number(text);
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
  time: LintTime = { now: Date.now(), expiringDays: defaultExpiringDays },
): Promise<LintReport> {
  const { onDisk: site, keys } = await loadFolder(folder, env);
  const { readable: settings, written } = site.settings.value;
  const keyReports = ownListSettings.flatMap((listSetting) => {
    const once = keys.get(listSetting.name);
    return once ? [{ list: listSetting.name, ...lintKey(listSetting, once) }] : [];
  });
  // A list in another format has one finding as a whole, and none by line.
  const foreign = new Set(
    [...site.findings, ...keyReports.flatMap(({ findings }) => findings)]
      .filter(({ code }) => code === 'list-format')
      .map(({ at }) => at.file),
  );
  const texts = [
    ...textsOf(folder, site),
    ...keyReports.flatMap(({ list, name, text }) => (text === undefined ? [] : [{ list, file: name, text }])),
  ].filter(({ file }) => !foreign.has(file));
  const listed = texts.filter(({ list }) => list !== 'relay_map').map(locatedEntriesIn);
  const exchanges = texts.filter(({ list }) => list === 'relay_to').map((text) => exchangesOf('relay_to', text));
  const mapped = texts.filter(({ list }) => list === 'relay_map').map(rowsOf);
  // What has ended does not exist: it shadows nothing, and nothing shadows it.
  const exists = ({ attributes = {} }: { readonly attributes?: Attributes }) => !hasExpired(attributes, time.now);
  const lists = listed.map(({ kind, located }) => ({ kind, located: located.filter(({ entry }) => exists(entry)) }));
  const listsOf = (kind: ListKind) => lists.filter((l) => l.kind === kind).map(({ located }) => located);
  const entries = (kind: ListKind): LocatedEntry[] => listsOf(kind).flat();
  const maps = mapped.map((rows) => rows.filter(({ row }) => exists(row)));
  const denied = listsOf('hosts').map((located) => new WholeCover(located));
  const rows = maps.flat();
  const trusted = [...entries('local_ip'), ...entries('local_domain')];
  const host = thisHostOf(folder, settings, askDns ? interfaceAddresses() : []);
  const wantsDenyList =
    !written.has('deny.hosts') && pluginLines(folder).some(({ name }) => suitePluginsOf(name).includes('deny'));
  const askedBefore = { clientNetworks: listsOf('local_ip'), destinations: listsOf('relay_to') };
  const findings: LintFinding[] = [
    ...site.findings,
    ...keyReports.flatMap((keyReport) => keyReport.findings),
    ...keyReports.flatMap(({ name, unread }) =>
      unread === undefined ? [] : [lintFinding('redis-unread', { file: name, line: 1 }, name, { detail: unread })],
    ),
    ...lintEnds(
      [
        ...[...listed.flatMap(({ located }) => located), ...exchanges.flat()].map((p) => ({
          ...p,
          attributes: p.entry.attributes,
        })),
        ...mapped.flat().map((p) => ({ ...p, attributes: p.row.attributes })),
      ],
      time,
    ),
    ...lists.flatMap(({ kind, located }) => lintEntries(kind, located)),
    ...exchanges.flatMap((located) => lintExchanges(located.filter(({ entry }) => exists(entry)))),
    ...maps.flatMap((rows) => [...lintRelayMap(rows), ...lintMapRefusals(rows, askedBefore)]),
    ...listsOf('local_ip')
      .concat(listsOf('hosts'))
      .flatMap((located) => lintEverything(networksOf(located))),
    ...maps.flatMap((rows) => lintEverything(relayingNetworksOf(rows))),
    ...lintDeniedTrust(denied, trusted, rows),
    ...lintDeniedHost(denied, host),
    ...lintNextHops(entries('relay_to'), host),
    ...(await lintAcceptAll(entries('relay_to'), folder, settings)),
    ...lintExamples(folder, [...trusted, ...entries('relay_to')], rows),
    ...lintSettings(settings, written, pluginTimeout(folder)),
    ...lintFiles(folder, settings, wantsDenyList),
    ...lintLogLevel(folder),
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
  const reported = applyAllowances(
    findings,
    texts.map(({ list, file, text }) => ({ file, text, isMap: list === 'relay_map' })),
  );
  const sorted = reported.findings.toSorted(
    (a, b) => (a.at.file === b.at.file ? 0 : a.at.file.localeCompare(b.at.file)) || a.at.line - b.at.line,
  );
  const read = [settingsFile, 'plugins', ...texts.map(({ file }) => file), ...hostConfigFiles(folder)];
  const files = [...new Set([...read, ...sorted.map(({ at }) => at.file)])];
  return { folder: folder.config, findings: sorted, allowed: reported.allowed, files };
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

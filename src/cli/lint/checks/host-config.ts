/** Lint of Haraka's own configuration: plugins, its relay settings, local domains, proxies. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { containsNetwork, type Network } from '../../../policy/entries/containment';
import { parseDomainName } from '../../../policy/entries/domain-name';
import { isProblem, parseEntry } from '../../../policy/entries/entry';
import { formatAddress } from '../../../policy/entries/ip-address';
import type { Finding } from '../../../policy/findings/finding';
import { isTrue } from '../../../policy/settings/ini';
import { pluginNames } from '../../../policy/settings/settings';
import type { SectionName, Settings } from '../../../policy/settings/settings-description';
import { editDistance, nearest } from '../../../policy/settings/suggest';
import {
  type HarakaFolder,
  loadedTwice,
  namesLocalDomains,
  type PluginLine,
  pluginLines,
  readConfigIni,
  readConfigLines,
  readConfigText,
  suitePluginsOf,
} from '../../haraka-folder';
import { type LintFinding, lintFinding } from '../finding';
import { isPublicMailDomain } from '../public-mail-domains';
import { type LocatedEntry, report } from './entries';
import { parseNetwork } from './networks';

/** Haraka's own files that are linted, of those that exist. */
export function hostConfigFiles(folder: HarakaFolder): string[] {
  const loaded = new Set(pluginLines(folder).map(({ name }) => name));
  return [
    'host_list',
    'host_list_regex',
    'connection.ini',
    'smtp.ini',
    'log.ini',
    'loglevel',
    ...(loaded.has('relay') ? ['relay.ini', 'relay_acl_allow'] : []),
    ...['karma', 'delay_deny'].filter((name) => loaded.has(name)).map((name) => `${name}.ini`),
  ].filter((file) => existsSync(join(folder.config, file)));
}

export function lintPlugins(folder: HarakaFolder): LintFinding[] {
  const file = 'plugins';
  const lines = pluginLines(folder);
  const ours = lines.filter(({ name }) => suitePluginsOf(name).length > 0);
  const [firstOfOurs] = ours;
  const misspelt = lines.flatMap(({ name, line }) => {
    const meant = suitePluginMeant(folder, name);
    return meant === undefined ? [] : [lintFinding('plugin-misspelt', { file, line }, name, { suggestion: meant })];
  });
  if (!firstOfOurs)
    return misspelt.length > 0 ? misspelt : [lintFinding('plugin-absent', { file, line: 1 }, 'config/plugins')];

  const findings = misspelt.concat(
    loadedTwice(lines).map(({ line: { name, line }, twice }) =>
      lintFinding('plugin-twice', { file, line }, name, { detail: twice }),
    ),
  );
  for (const { name, line } of lines) {
    const hook = line < firstOfOurs.line && suitePluginsOf(name).length === 0 && firstPlaceOf(folder, name);
    if (hook) findings.push(lintFinding('plugin-order', { file, line }, name, { detail: hook }));
    const lifted = refusalsLiftedBy(folder, name, ours);
    if (lifted) findings.push(lintFinding('plugin-lifts-refusals', { file, line }, name, { detail: lifted }));
  }
  const queues = lines.some(({ name }) => /queue|lmtp/i.test(name) || queuesMessages(folder, name));
  if (!queues) findings.push(lintFinding('queue-absent', { file, line: 1 }, 'config/plugins'));
  return findings;
}

/** The plugin of the suite that a line likely means: no plugin has its name, and it is one slip or two away from one of ours. */
function suitePluginMeant(folder: HarakaFolder, name: string): string | undefined {
  const [first = '', ...others] = name.toLowerCase().split(/[./\\-]+/);
  if (suitePluginsOf(name).length > 0 || editDistance(first, 'smtpcheck') > 2 || sourceOf(folder, name))
    return undefined;
  const last = others.at(-1);
  const plugin = last && nearest(last, pluginNames);
  if (plugin) return `smtpcheck/plugins/${plugin}`;
  // A name of more words may be that of a plugin beside ours.
  return others.length === 0 || first !== 'smtpcheck' ? 'smtpcheck' : undefined;
}

/**
 * The hook at which a plugin registers with the suite's own priority (-100): of equal priorities the plugin loaded first
 * runs first, and an OK ends the hook. At other hooks the order of lines does not matter.
 */
function firstPlaceOf(folder: HarakaFolder, name: string): string | undefined {
  const registration =
    /\bregister_hook\(\s*['"](rcpt|vrfy|unrecognized_command|queue|get_mx)['"][^)]*,\s*-[1-9]\d{2,}\s*\)/;
  return registration.exec(sourceOf(folder, name) ?? '')?.[1];
}

/** A plugin of the folder that takes messages, whatever its name is. */
function queuesMessages(folder: HarakaFolder, name: string): boolean {
  return /\bhook_queue\b|\bregister_hook\(\s*['"]queue['"]/.test(sourceOf(folder, name) ?? '');
}

/** The source code of a plugin that is installed in the folder. */
function sourceOf(folder: HarakaFolder, name: string): string | undefined {
  const path = [
    join(folder.path, 'plugins', `${name}.js`),
    join(folder.path, 'plugins', name, 'index.js'),
    join(folder.path, 'node_modules', `haraka-plugin-${name}`, 'index.js'),
  ].find((path) => existsSync(path));
  return path === undefined ? undefined : readFileSync(path, 'utf8');
}

/** Haraka plugins that undo the refusals of other plugins, unless their settings name those plugins. */
function refusalsLiftedBy(folder: HarakaFolder, name: string, ours: readonly PluginLine[]): string | undefined {
  const unnamed = (names: string | undefined) => {
    const words = (names ?? '').split(/[\s,;]+/);
    const left = ours.filter((line) => !words.includes(line.name)).map((line) => line.name);
    return left.length > 0 ? left.join(', ') : undefined;
  };
  if (name === 'karma') return unnamed(iniValue(folder, 'karma.ini', 'deny_excludes', 'plugins'));
  if (name !== 'delay_deny') return undefined;
  // With included_plugins, only those are delayed.
  if (iniValue(folder, 'delay_deny.ini', 'main', 'included_plugins')) return undefined;
  const lifted = unnamed(iniValue(folder, 'delay_deny.ini', 'main', 'excluded_plugins'));
  return lifted && `${lifted} for clients that may relay, host.deny included`;
}

function iniValue(folder: HarakaFolder, file: string, section: string, key: string): string | undefined {
  return readConfigIni(folder, file)?.entries.find((entry) => entry.section === section && entry.key === key)?.value;
}

/** Whether our own domains are known: without them their mail is sent out or refused. */
export function lintLocalRecipients(folder: HarakaFolder, { relay }: Pick<Settings, 'relay'>): LintFinding[] {
  const lines = pluginLines(folder);
  const isOurs = lines.some(({ name }) => suitePluginsOf(name).includes('relay'));
  if (!isOurs || !relay.local_delivery) return [];
  const unknown = (file: string, detail: string) =>
    lintFinding('local-recipients-unknown', { file, line: 1 }, `config/${file}`, { detail });
  return [
    ...(lines.some(({ name }) => acceptsRecipients(folder, name))
      ? []
      : [
          unknown(
            'plugins',
            'has no plugin that accepts local recipients: mail that strangers send to our own domains is refused',
          ),
        ]),
    ...(!namesLocalDomains(folder)
      ? [
          unknown(
            'host_list',
            'names no domain, and host_list_regex none either: mail that clients of ours send to our own domains is relayed and not delivered here',
          ),
        ]
      : []),
  ];
}

function acceptsRecipients(folder: HarakaFolder, name: string): boolean {
  if (/^rcpt_to\.|^recipient-routes$|^qmail-deliverable$|ldap/.test(name)) return true;
  if (name === 'queue/smtp_forward')
    return isTrue(iniValue(folder, 'smtp_forward.ini', 'main', 'check_recipient') ?? '');
  const source = suitePluginsOf(name).length > 0 ? undefined : sourceOf(folder, name);
  return (
    source !== undefined && /\bhook_rcpt\b|\bregister_hook\(\s*['"]rcpt['"]/.test(source) && /\bOK\b/i.test(source)
  );
}

/** `relay.ini`, `relay_acl_allow`: what Haraka's own relay plugin does beside us, if it is loaded. */
export function lintStockRelay(folder: HarakaFolder): LintFinding[] {
  if (!pluginLines(folder).some(({ name }) => name === 'relay')) return [];
  const findings: LintFinding[] = [];
  for (const entry of readConfigIni(folder, 'relay.ini')?.entries ?? []) {
    if (entry.section !== 'relay' || !isTrue(entry.value)) continue;
    const at = { file: 'relay.ini', line: entry.line, column: entry.column };
    if (entry.key === 'all') findings.push(lintFinding('stock-relay-all', at, entry.written));
    if (entry.key === 'dest_domains') findings.push(lintFinding('stock-dest-domains', at, entry.written));
  }
  for (const line of readConfigLines(folder, 'relay_acl_allow')) {
    const at = { file: 'relay_acl_allow', line: line.number, column: line.column };
    // Unlike most of Haraka's lists, this list allows comments after its entries.
    const text = line.text.replace(/\s*#.*$/, '');
    const parsed = parseEntry(text);
    if (isProblem(parsed)) {
      if (parsed.problem !== 'prefix-host-bits') continue;
      findings.push(
        lintFinding('stock-acl-host-bits', at, text, parsed.suggestion ? { suggestion: parsed.suggestion } : {}),
      );
    } else if (parsed.kind === 'network' && !text.includes('/')) {
      const suggestion = `${formatAddress(parsed.address)}/${parsed.length}`;
      findings.push(lintFinding('stock-acl-length', at, text, { suggestion }));
    }
  }
  return findings;
}

/** `host_list` against itself, and `relay.to` against it. */
export function lintLocalDomains(folder: HarakaFolder, destinations: readonly LocatedEntry[]): LintFinding[] {
  const file = 'host_list';
  const findings: LintFinding[] = [];
  const placeOf = new Map<string, string>();
  for (const { text, number: line, column } of readConfigLines(folder, file)) {
    const at = { file, line, column };
    const name = text.toLowerCase();
    const plain = plainNameIn(name);
    const before = placeOf.get(name);
    if (plain !== name) findings.push(lintFinding('host-list-entry', at, text, plain ? { suggestion: plain } : {}));
    else if (before) findings.push(lintFinding('entry-twice', at, text, { detail: before.split(':')[1] ?? '' }));
    if (isPublicMailDomain(name)) findings.push(lintFinding('public-mail-domain', at, text));
    if (!before) placeOf.set(name, `${file}:${line}`);
  }
  const patterns = readConfigLines(folder, 'host_list_regex');
  for (const p of destinations) {
    if (p.entry.kind === 'network' || p.entry.excluded) continue;
    const domain = p.entry.kind === 'domain' ? p.entry.name : p.entry.domain;
    const pattern = patterns.find(({ text }) => matches(text, domain));
    const local = placeOf.get(domain) ?? (pattern && `host_list_regex:${pattern.number}`);
    if (local) findings.push(report('destination-is-local', p, local));
  }
  return findings;
}

/** The name that was likely meant: itself where it is a plain domain or a literal, since `in_host_list` compares whole names. */
function plainNameIn(text: string): string | undefined {
  if (/^\[[^\]]+\]$/.test(text)) return text;
  const bare = text.replace(/\s*[#;].*$/, '').replace(/^(?:\*?\.|=|@)/, '');
  return parseDomainName(bare);
}

/** Haraka matches `host_list_regex` against the whole name. */
function matches(pattern: string, domain: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'i').test(domain);
  } catch {
    return false;
  }
}

/** Entries of `localip` that trust a proxy of `connection.ini`. */
export function lintProxies(folder: HarakaFolder, clients: readonly LocatedEntry[]): LintFinding[] {
  const hosts = (readConfigText(folder, 'connection.ini') ?? '').matchAll(/^[ \t]*hosts\[\][ \t]*=[ \t]*(\S+)/gm);
  const proxies = [...hosts].map(([, host = '']) => host.replace(/[[\]]/g, ''));
  return proxies.flatMap((proxy) => {
    const network = parseNetwork(proxy);
    const trusting = network && trustingEntry(clients, network);
    return trusting ? [report('proxy-trusted', trusting, proxy)] : [];
  });
}

/** The entry that decides about the network, or one that lies inside it. */
function trustingEntry(clients: readonly LocatedEntry[], proxy: Network): LocatedEntry | undefined {
  const networks = clients.flatMap((located) =>
    located.entry.kind === 'network' ? [{ located, ...located.entry }] : [],
  );
  const [nearest] = networks.filter((network) => containsNetwork(network, proxy)).sort((a, b) => b.length - a.length);
  if (nearest && !nearest.excluded) return nearest.located;
  return networks.find((network) => !network.excluded && containsNetwork(proxy, network))?.located;
}

/** The names of levels in Haraka, and what they show: each all that stand before it. */
const levels = ['emerg', 'alert', 'crit', 'error', 'warn', 'notice', 'info', 'debug', 'protocol', 'data'];

/**
 * `log.ini` and `loglevel`: refusals and deferrals are logged at NOTICE. Without a level, and with one that Haraka does not
 * know, WARN is the last that it logs.
 */
export function lintLogLevel(folder: HarakaFolder): LintFinding[] {
  const ini = readConfigIni(folder, 'log.ini');
  const setting = ini?.entries.filter(({ section, key }) => section === 'main' && key === 'level').at(-1);
  const [own] = readConfigLines(folder, 'loglevel');
  if (!ini && !own) return [];
  const written = own?.text ?? setting?.value ?? 'warn';
  if (levelNumber(written) >= levels.indexOf('notice')) return [];
  const at = own
    ? { file: 'loglevel', line: own.number, column: own.column }
    : { file: 'log.ini', line: setting?.line ?? 1, column: setting?.column ?? 1 };
  return [lintFinding('log-hides-decisions', at, own?.text ?? setting?.written ?? 'log.ini without a level')];
}

function levelNumber(text: string): number {
  if (/^[0-9]$/.test(text)) return Number(text);
  const level = levels.indexOf(text.toLowerCase().replace(/^log/, ''));
  return level < 0 ? levels.indexOf('warn') : level;
}

export function lintSettings(
  settings: Settings,
  written: ReadonlyMap<string, Finding['at']>,
  pluginTimeout: number,
): LintFinding[] {
  const findings: LintFinding[] = [];
  for (const section of ['main', 'relay', 'deny', 'helo', 'privacy'] as const satisfies readonly SectionName[]) {
    const at = written.get(`${section}.mode`);
    if (at && settings[section].mode === 'observe') findings.push(lintFinding('mode-observe', at, `[${section}]`));
  }
  const restriction = written.get('relay.restriction');
  if (restriction && !settings.relay.restriction) {
    findings.push(lintFinding('restriction-off', restriction, 'restriction=false'));
  }
  // A client's names take two rounds of questions: PTR, then the addresses of what it names. The suite gives up a second
  // before Haraka would.
  const seconds = (2 * settings.dns.timeout * settings.dns.tries) / 1000;
  if (pluginTimeout > 0 && seconds >= pluginTimeout - 1) {
    const at = written.get('dns.timeout') ?? written.get('dns.tries') ?? { file: 'smtpcheck.ini', line: 1 };
    findings.push(lintFinding('dns-over-plugin-timeout', at, '[dns]', { detail: `${seconds} s` }));
  }
  return findings;
}

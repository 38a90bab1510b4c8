/** Lint of what stands around the suite in the same Haraka: plugins, stock relay settings, local domains, proxies. */
import {
  admits,
  type Finding,
  type IniEntry,
  isProblem,
  type PolicyList,
  parseAddress,
  parseEntry,
  type SectionName,
  type Settings,
} from '../../core';
import {
  type HarakaFolder,
  pluginLines,
  readConfigIni,
  readConfigLines,
  readConfigText,
  suitePluginsOf,
} from '../haraka-folder';
import { type LintFinding, lintFinding } from './finding';
import { isPublicMailDomain } from './public-mail-domains';

export function lintPlugins(folder: HarakaFolder): LintFinding[] {
  const file = 'plugins';
  const lines = pluginLines(folder);
  const findings: LintFinding[] = [];
  const loaded = new Set<string>();
  for (const { name, line } of lines) {
    const twice = suitePluginsOf(name).filter((plugin) => loaded.has(plugin));
    for (const plugin of suitePluginsOf(name)) loaded.add(plugin);
    if (twice.length > 0)
      findings.push(lintFinding('plugin-twice', { file, line }, name, { detail: twice.join(', ') }));
  }
  if (loaded.size === 0) findings.push(lintFinding('plugin-absent', { file, line: 1 }, 'config/plugins'));

  const ours = lines.findIndex(({ name }) => suitePluginsOf(name).length > 0);
  for (const { name, line } of lines.slice(0, Math.max(0, ours))) {
    const harm = harmBefore(name);
    if (harm) findings.push(lintFinding('plugin-order', { file, line }, name, { detail: harm }));
  }
  const queues = lines.some(({ name }) => /^(?:queue\/|.*queue|.*lmtp|.*deliver)/.test(name));
  if (loaded.size > 0 && !queues) findings.push(lintFinding('queue-absent', { file, line: 1 }, 'config/plugins'));
  return findings;
}

/** What a plugin does to us when it stands first, if anything. */
function harmBefore(name: string): string | undefined {
  if (name === 'delay_deny') return 'lifts refusals of clients that relay, host.deny included (use [deny] at=rcpt)';
  if (name === 'relay') return 'vouches for clients and destinations by its own lists before the suite is asked';
  if (/^rcpt_to\.|^(?:recipient-routes|qmail-deliverable|rcpt-ldap|aliases)$/.test(name)) {
    return 'could accept a recipient before routes in local parts are looked for';
  }
  return undefined;
}

/** `relay.ini`, `relay_acl_allow`: what Haraka's stock relay plugin would do beside us, if it is loaded. */
export function lintStockRelay(folder: HarakaFolder): LintFinding[] {
  if (!pluginLines(folder).some(({ name }) => name === 'relay')) return [];
  const findings: LintFinding[] = [];
  for (const entry of readConfigIni(folder, 'relay.ini')?.entries ?? []) {
    if (entry.section !== 'relay' || !isOn(entry)) continue;
    const at = { file: 'relay.ini', line: entry.line, column: entry.column };
    if (entry.key === 'all') findings.push(lintFinding('stock-relay-all', at, entry.written));
    if (entry.key === 'dest_domains') findings.push(lintFinding('stock-dest-domains', at, entry.written));
  }
  for (const line of readConfigLines(folder, 'relay_acl_allow')) {
    const at = { file: 'relay_acl_allow', line: line.number, column: line.column };
    const parsed = parseEntry(line.text);
    if (isProblem(parsed)) {
      if (parsed.problem !== 'prefix-host-bits') continue;
      findings.push(lintFinding('stock-acl-host-bits', at, line.text, parsed.use ? { use: parsed.use } : {}));
    } else if (parsed.kind === 'network' && !line.text.includes('/')) {
      const width = parsed.address.family === 4 ? 32 : 128;
      findings.push(lintFinding('stock-acl-length', at, line.text, { use: `${line.text}/${width}` }));
    }
  }
  return findings;
}

function isOn(entry: IniEntry): boolean {
  return /^(?:true|yes|on|ok|enabled|1)$/i.test(entry.value);
}

/** `host_list` against itself and against `relay.to`. */
export function lintLocalDomains(folder: HarakaFolder, destinations: PolicyList): LintFinding[] {
  const file = 'host_list';
  return readConfigLines(folder, file).flatMap((line) => {
    const at = { file, line: line.number, column: line.column };
    const entry = destinations.findDomain(line.text);
    return [
      ...(isPublicMailDomain(line.text) ? [lintFinding('public-mail-domain', at, line.text)] : []),
      ...(admits(entry)
        ? [lintFinding('destination-is-local', entry.source, line.text, { detail: `${file}:${line.number}` })]
        : []),
    ];
  });
}

/** Proxies of `connection.ini` whose own address `localip` trusts. */
export function lintProxies(folder: HarakaFolder, clientNetworks: PolicyList): LintFinding[] {
  const hosts = (readConfigText(folder, 'connection.ini') ?? '').matchAll(
    /^\s*hosts\[\]\s*=\s*\[?([0-9a-fA-F.:]+)\]?(?:\/\d+)?\s*$/gm,
  );
  return [...hosts].flatMap(([, host = '']) => {
    const address = parseAddress(host);
    const entry = address && clientNetworks.findAddress(address);
    return admits(entry) ? [lintFinding('proxy-trusted', entry.source, host, { detail: host })] : [];
  });
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
  // A client's names take two rounds of questions: PTR, then the addresses of what it names.
  const seconds = (2 * settings.dns.timeout * settings.dns.tries) / 1000;
  if (pluginTimeout > 0 && seconds >= pluginTimeout) {
    const at = written.get('dns.timeout') ?? written.get('dns.tries') ?? { file: 'smtpcheck.ini', line: 1 };
    findings.push(lintFinding('dns-over-plugin-timeout', at, '[dns]', { detail: `${seconds} s` }));
  }
  return findings;
}

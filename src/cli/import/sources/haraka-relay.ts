/** Haraka's own relay plugin: `relay.ini`, `relay_acl_allow` and `relay_dest_domains.ini`. */

import { formatAddress, maskAddress, parseAddress, widthOf } from '../../../policy/entries/ip-address';
import { type IniEntry, isTrue, parseIni } from '../../../policy/settings/ini';
import { Collector, type SourceItem } from '../collector';
import type { ReaderContext, Reading } from '../site-policy';
import { commentedLines, splitLines } from './text-lines';

/** relay.ini: which of the plugin's parts are in force, and the files that go with them. */
export function readHarakaRelayIni(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  const settings = new Map(
    iniEntries(text, out)
      .filter(({ section }) => section === 'relay')
      .map((entry) => [entry.key, entry]),
  );
  const isOn = (key: string, byDefault: boolean) => {
    const value = settings.get(key)?.value;
    return value === undefined ? byDefault : isTrue(value);
  };
  const all = settings.get('all');
  if (all && isOn('all', false)) out.remark('haraka-all', { line: all.line, text: all.written });
  if (!isOn('acl', true)) out.features.push('haraka-acl-off');
  if (isOn('dest_domains', false)) out.features.push('haraka-dest-domains');
  return out;
}

/** For Haraka a lone carriage return ends a line of an ini file too, as it does of all that is imported. */
function iniEntries(text: string, out: Collector): readonly IniEntry[] {
  const { entries, bad } = parseIni(text.replace(/\r\n?/g, '\n'));
  for (const { line, written: text } of bad) out.remark('haraka-ini-syntax', { line, text });
  return entries;
}

/** relay_acl_allow: addresses and networks, as the plugin matched them. */
export function readHarakaRelayAcl(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const { line, text: content, comments } of commentedLines(text, isHarakaComment)) {
    // The plugin cuts at any #, whatever stands before it.
    const [entry = '', ...rest] = content.trim().split('#');
    const item: SourceItem = { line, text: content.trim(), comments, trailingComment: rest.join('#').trim() };
    if (context.features.has('haraka-acl-off')) out.remark('haraka-acl-off', item);
    else readAcl(out, entry.trim(), item);
  }
  return out;
}

function isHarakaComment(line: string): boolean {
  return /^[#;]/.test(line);
}

function readAcl(out: Collector, entry: string, item: SourceItem): void {
  const [addressText = '', lengthText = ''] = entry.split('/');
  const address = parseAddress(addressText);
  if (!address || !/^[0-9]{0,3}$/.test(lengthText)) {
    out.remark('haraka-acl-syntax', item);
    return;
  }
  if (lengthText === '') {
    if (address.family === 6) out.remark('haraka-bare-ipv6', item);
    out.add('localip', 'permit', addressText, item);
    return;
  }
  const length = Number(lengthText);
  if (length > widthOf(address.family)) {
    out.remark('haraka-acl-syntax', item);
    return;
  }
  const network = `${formatAddress(maskAddress(address, length))}/${length}`;
  if (length > 0 && network !== `${formatAddress(address)}/${length}`) out.remark('haraka-host-bits', item, network);
  out.add('localip', 'permit', network, item);
}

/** relay_dest_domains.ini: `domain = {"action": …, "nexthop": …}`; the plugin compares whole names. */
export function readHarakaDestDomains(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  const comments = commentsOf(text);
  for (const { section, key, value, line, written } of iniEntries(text, out)) {
    if (section !== 'domains') continue;
    const item: SourceItem = { line, text: written, comments: comments.get(line) ?? [] };
    const { action, nexthop } = parseDestination(value);
    if (key === 'any') {
      out.remark('haraka-any-route', item);
    } else if (action === 'deny') {
      out.add('relay.to', 'deny', `=${key}`, item);
    } else if (action !== 'accept' && action !== 'continue') {
      out.remark('haraka-dest-value', item);
    } else if (!context.features.has('haraka-dest-domains')) {
      out.remark('haraka-dest-off', item);
    } else {
      out.remark('haraka-dest-relaying', item);
      out.add('relay.to', 'permit', `=${key}`, item, nexthop === undefined ? {} : { route: routeOf(nexthop) });
    }
  }
  return out;
}

/** The comment lines directly above each line. */
function commentsOf(text: string): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, readonly string[]>();
  let comments: string[] = [];
  for (const { line, text: content } of splitLines(text)) {
    const trimmed = content.trim();
    if (isHarakaComment(trimmed)) comments.push(trimmed.replace(/^[#;]+/, '').trim());
    else if (trimmed !== '') {
      found.set(
        line,
        comments.filter((comment) => comment !== ''),
      );
      comments = [];
    }
  }
  return found;
}

function parseDestination(value: string): { action?: unknown; nexthop?: string } {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed !== 'object' || parsed === null) return {};
    const { action, nexthop } = parsed as Record<string, unknown>;
    return typeof nexthop === 'string' && nexthop !== '' ? { action, nexthop } : { action };
  } catch {
    return {};
  }
}

/** `192.0.2.5:2525` as `[192.0.2.5]:2525`. */
function routeOf(nexthop: string): string {
  const match = /^([^[\]:]+)(?::([0-9]+))?$/.exec(nexthop);
  if (!match) return nexthop;
  const port = match[2] === undefined ? '' : `:${match[2]}`;
  return parseAddress(match[1] ?? '') ? `[${match[1]}]${port}` : `${match[1]}${port}`;
}

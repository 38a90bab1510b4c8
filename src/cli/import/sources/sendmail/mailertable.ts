/**
 * sendmail's mailertable (cf/README, "USING MAILERTABLES"): where mail for a domain goes. It permits nothing by itself. For a
 * domain that is relayed to it says the next hop, or that sendmail refuses, drops or delivers the mail. `.example.org` means
 * the names below it.
 */

import { parseDomainName } from '../../../../policy/entries/domain-name';
import { parseRoute } from '../../../../policy/entries/route';
import { Collector, type SourceItem } from '../../collector';
import type { RemarkCode } from '../../remark';
import { chainOf, type ReaderContext, type Reading } from '../../site-policy';
import { commentedLines } from '../text-lines';
import { errorValue } from './access-value';

const mailertable = chainOf('sendmail', { series: 'mailertable', overruling: 'refused-elsewhere' });
const smtpMailers = new Set(['smtp', 'esmtp', 'smtp8', 'dsmtp', 'relay']);

interface Row {
  /** As the entry of a list would name it. */
  readonly domain: string;
  readonly subdomains: boolean;
  readonly item: SourceItem;
}

export function readMailertable(text: string, context: ReaderContext): Reading {
  const out = new Collector(context, mailertable);
  const seen = new Map<string, number>();
  for (const { line, text: content, comments } of commentedLines(text)) {
    const [, key = '', value = ''] = /^(\S*)\s*(.*?)\s*$/.exec(content) ?? [];
    const item: SourceItem = { line, text: content.trim(), comments };
    const domain = key.replace(/^\./, '').toLowerCase();
    const before = seen.get(key.toLowerCase());
    if (before !== undefined) out.remark('access-never-matches', item, `line ${before} has the same key`);
    else if (key === '.') out.remark('mailertable-route', item);
    else if (value === '' || parseDomainName(domain) === undefined) out.remark('mailertable-syntax', item);
    else readRow(out, { domain, subdomains: key.startsWith('.'), item }, value);
    seen.set(key.toLowerCase(), before ?? line);
  }
  return out;
}

function readRow(out: Collector, row: Row, value: string): void {
  const { domain, subdomains, item } = row;
  const [, mailer = 'relay', destination = ''] = /^(?:([^[\]:]+):)?(.*)$/s.exec(value) ?? [];
  switch (mailer.toLowerCase()) {
    case 'error':
      out.remark('mailertable-refuses', item);
      addVerdict(out, row, 'deny');
      // A key of relay.map covers the names below it; without one the usual refusal of strangers holds.
      if (!subdomains) out.addMapLine(`To:${domain}`, replyOf(destination), item);
      return;
    case 'discard':
      out.remark('mailertable-discards', item);
      addVerdict(out, row, 'deny');
      return;
  }
  if (smtpMailers.has(mailer.toLowerCase())) {
    // A wider key that refuses ends here.
    addVerdict(out, row, 'no-opinion');
    addRoute(out, row, destination);
    return;
  }
  if (!subdomains) {
    addVerdict(out, row, 'no-opinion');
    const remarks = { local: 'mailertable-local', unused: 'mailertable-route' } as const;
    out.addTransport({ domain, subdomains, kind: 'here', mailer, remarks }, item);
    return;
  }
  out.remark('mailertable-mailer', item, mailer);
  addVerdict(out, row, 'deny');
}

function addVerdict(out: Collector, { domain, subdomains, item }: Row, verdict: 'deny' | 'no-opinion'): void {
  const entry = subdomains ? domain : `=${domain}`;
  out.add('relay.to', verdict, entry, { ...item, comments: [] }, { subdomainsOnly: subdomains });
}

/** `[mail.example.org]`, and further ones after a colon, which are tried when the first cannot be reached. */
function addRoute(out: Collector, { domain, subdomains, item }: Row, destination: string): void {
  const [, bracketed, plain, more] = /^(?:\[([^\]]+)\]|([^[\]:%@\s]+))(:.+)?$/.exec(destination) ?? [];
  const host = (bracketed ?? plain ?? '').replace(/^ipv6:/i, '');
  const route = `[${host}]`;
  if (parseRoute(route) === undefined) {
    out.remark('mailertable-route', item);
    return;
  }
  const used: RemarkCode[] = [];
  if (plain !== undefined) used.push('mailertable-mx');
  if (more !== undefined) used.push('mailertable-fallback');
  const remarks = { used, unused: 'mailertable-route' } as const;
  out.addRoute({ domain, subdomains, route, remarks }, item);
}

/** `5.1.1:550 text`, `nohost text` or a text, as a value of relay.map. */
function replyOf(destination: string): string {
  const [, status, words = ''] =
    /^(?:([245]\.[0-9]{1,3}\.[0-9]{1,3}):|[a-z]+(?:\s+|:|$))?(.*)$/is.exec(destination) ?? [];
  const text = words.trim().replace(/^"(.*)"$/, '$1');
  const reply = /^[45][0-9]{2}\s+\S/.test(text)
    ? text
    : `${status?.startsWith('4') ? 450 : 550} ${text || 'No such host here'}`;
  return errorValue(`ERROR:${status === undefined ? '' : `${status}:`}${reply}`) ?? 'REJECT';
}

/**
 * sendmail's class R (`relay-domains`): every domain or network in it may relay, and may be relayed to. Also the class
 * members that sendmail.mc and sendmail.cf list themselves.
 */

import { Collector, type SourceItem } from '../../collector';
import { chainOf, type ReaderContext, type Reading } from '../../site-policy';
import { commentedLines, splitComment } from '../text-lines';
import { parseSendmailKey } from './sendmail-key';

/** Asked after the access map. */
const classR = chainOf('sendmail', { place: 1 });

export function readRelayDomains(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const { line, text: content, comments } of commentedLines(text)) {
    const { content: members, trailingComment } = splitComment(content);
    for (const member of members.split(/\s+/)) {
      if (member !== '') addRelayMember(out, member, { line, text: member, comments, trailingComment });
    }
  }
  return out;
}

/** One member of class R. */
export function addRelayMember(out: Collector, member: string, item: SourceItem): void {
  if (/^ok$/i.test(member)) {
    // The value of a table of Postfix.
    out.remark('class-option', item);
    return;
  }
  const key = parseSendmailKey(member, true);
  switch (key.kind) {
    case 'network':
      out.add('localip', 'permit', key.entry, item, { chain: classR });
      return;
    case 'domain': {
      const entry = out.context.features.has('relay-hosts-only') ? `=${key.name}` : key.name;
      out.add('localdomain', 'permit', entry, item, { chain: classR });
      out.add('relay.to', 'permit', entry, item, { chain: classR });
      return;
    }
    case 'subdomains':
      // Matched token by token, as the end of a longer name.
      if (out.context.features.has('relay-hosts-only')) {
        out.remark('class-option', item);
        return;
      }
      out.remark('subdomains-only', item, key.name);
      out.add('localdomain', 'permit', key.name, item, { chain: classR, subdomainsOnly: true });
      out.add('relay.to', 'permit', key.name, item, { chain: classR, subdomainsOnly: true });
      return;
    case 'cidr':
      out.remark('access-cidr', item);
      return;
    default:
      out.remark('class-option', item);
      return;
  }
}

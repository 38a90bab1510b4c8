/**
 * sendmail's class VirtHost (VIRTUSER_DOMAIN): domains of virtual users. Their mail is delivered here, and m4 adds them to class R.
 */
import { Collector, type SourceItem } from '../../collector';
import type { ReaderContext, Reading } from '../../site-policy';
import { commentedLines, splitComment } from '../text-lines';
import { addRelayMember } from './relay-domains';

export function readVirtualDomains(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const { line, text: content, comments } of commentedLines(text)) {
    for (const name of splitComment(content).content.split(/\s+/)) {
      if (name !== '') addVirtualDomain(out, name, { line, text: name, comments });
    }
  }
  return out;
}

export function addVirtualDomain(out: Collector, name: string, item: SourceItem): void {
  out.addLocalName(name, item);
  addRelayMember(out, name, { ...item, comments: [] });
}

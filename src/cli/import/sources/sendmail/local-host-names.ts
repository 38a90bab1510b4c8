/** sendmail's class w (`local-host-names`): the names whose mail is delivered here. They become Haraka's `host_list`. */
import { Collector } from '../../collector';
import type { ReaderContext, Reading } from '../../site-policy';
import { commentedLines, splitComment } from '../text-lines';

export function readLocalHostNames(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const { line, text: content, comments } of commentedLines(text)) {
    const { content: names } = splitComment(content);
    for (const name of names.split(/\s+/)) {
      if (name !== '') out.addLocalName(name, { line, text: name, comments });
    }
  }
  return out;
}

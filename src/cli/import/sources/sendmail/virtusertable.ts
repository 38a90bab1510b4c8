/** sendmail's virtusertable: which mailbox gets the mail of a virtual user. What matters here are the recipients that it refuses. */

import { Collector } from '../../collector';
import type { ReaderContext, Reading } from '../../site-policy';
import { commentedLines } from '../text-lines';

export function readVirtusertable(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  for (const { line, text: content } of commentedLines(text)) {
    if (/^\S+\s+error:/i.test(content)) out.remark('virtual-refused', { line, text: content.trim() });
  }
  return out;
}

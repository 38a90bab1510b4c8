/** Templates of Jinja, ERB and the like, which a program fills in before sendmail reads the file. */
import { Collector, type SourceItem } from '../../collector';
import type { ReaderContext, Reading } from '../../site-policy';
import { splitLines, type TextLine } from '../text-lines';

/** The first line that a template engine would replace. */
export function templateLine(text: string): TextLine | undefined {
  const line = splitLines(text).find((candidate) => /\{\{.*\}\}|\{%.*%\}|<%[=#-]?\s.*%>/.test(candidate.text));
  return line && { line: line.line, text: line.text.trim() };
}

/** A file that a program has yet to fill in says nothing of the site. */
export function readTemplate(item: SourceItem, context: ReaderContext): Reading {
  const out = new Collector(context);
  out.remark('template', item);
  return out;
}

/** Templates that a program has yet to fill in: what the file will say depends on values that are not in it. */
import { Collector } from '../collector';
import type { ReaderContext, Reading } from '../site-policy';
import { splitLines } from './text-lines';

/** `{{ name }}` and `{% if … %}` (Jinja), `<%= … %>` (ERB). Postfix has `${{…` and `inline:{{…=…`. */
const engines: readonly RegExp[] = [/(?<![$:{])\{\{[^{}=]*\}\}/, /\{%[-+]?\s.*%\}/, /<%(?:=|[#-]?\s).*%>/];

/** `define(…)`, `dnl`: at some sites m4 makes main.cf. */
export const m4: RegExp = /^(?:dnl\b|(?:m4_)?(?:define|divert|changequote|include|ifdef)\()/;

/** A reading with one remark, for the first line that a template engine would replace; `undefined` where there is none. */
export function readTemplate(text: string, context: ReaderContext, ...others: readonly RegExp[]): Reading | undefined {
  const marks = [...engines, ...others];
  const found = splitLines(text).find(({ text: line }) => !/^\s*#/.test(line) && marks.some((mark) => mark.test(line)));
  if (!found) return undefined;
  const out = new Collector(context);
  out.remark('template', { line: found.line, text: found.text.trim() });
  return out;
}

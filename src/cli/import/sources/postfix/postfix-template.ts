/** Templates that main.cf is made from: what it will say depends on values that are not in it. */
import type { SourceItem } from '../../collector';
import { splitLines } from '../text-lines';

/** `{{ name }}`, `{% if … %}` (Jinja), `<%= … %>` (ERB), `define(…)`, `dnl` (m4). Postfix has `${{…` and `inline:{{…=…`. */
const marks = [
  /(?<![$:{])\{\{[^{}=]*\}\}/,
  /\{%[-+]?\s.*%\}/,
  /<%.*%>/,
  /^(?:dnl\b|(?:m4_)?(?:define|divert|changequote|include|ifdef)\()/,
];

/** The first line of a template, if the text is one. */
export function templateLineIn(text: string): SourceItem | undefined {
  return splitLines(text).find(({ text: line }) => !/^\s*#/.test(line) && marks.some((mark) => mark.test(line)));
}

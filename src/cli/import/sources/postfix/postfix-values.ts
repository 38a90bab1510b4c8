/** Postfix's main.cf as parameters: logical lines, the last assignment of a name, and `$name` in values (postconf(5)). */
import { words } from '../../../../policy/settings/setting-kinds';
import { type LogicalLine, logicalLines } from '../text-lines';

export interface Parameter {
  readonly name: string;
  /** As written, continuation lines joined. */
  readonly value: string;
  readonly source: LogicalLine;
}

export interface MainCf {
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly bad: readonly LogicalLine[];
}

export function readParameters(text: string): MainCf {
  const parameters = new Map<string, Parameter>();
  const bad: LogicalLine[] = [];
  for (const source of logicalLines(text)) {
    const match = /^([A-Za-z0-9_]+)\s*=\s*(.*)$/s.exec(source.text);
    if (match) parameters.set(match[1] ?? '', { name: match[1] ?? '', value: (match[2] ?? '').trim(), source });
    else bad.push(source);
  }
  return { parameters, bad };
}

/** The value with its `$name`s replaced, or the name of the first that nothing sets. */
export type Expanded = { readonly value: string } | { readonly unset: string };

/** Replaces `$name`, `${name}`, `$(name)`, `${name?text}` and `${name:text}`. `known` gives what main.cf need not set. */
export function expand(text: string, main: MainCf, known: ReadonlyMap<string, string>, depth = 0): Expanded {
  let unset: string | undefined;
  const value = text.replace(
    /\$\$|\$(?:\{([^{}]*)\}|\(([^()]*)\)|([A-Za-z0-9_]+))/g,
    (all, braces?: string, parens?: string, bare?: string) => {
      if (all === '$$') return '$';
      const inner = (braces ?? parens ?? bare ?? '').trim();
      const [, name = '', operator, rest = ''] = /^([A-Za-z0-9_]+)\s*(?:([?:])(.*))?$/s.exec(inner) ?? [];
      const content = name === '' || depth > 20 ? undefined : contentOf(name, main, known, depth);
      if (operator === '?') return content ? rest : '';
      if (operator === ':') return content ? content : rest;
      if (content === undefined) unset ??= all;
      return content ?? '';
    },
  );
  return unset === undefined ? { value } : { unset };
}

function contentOf(name: string, main: MainCf, known: ReadonlyMap<string, string>, depth: number): string | undefined {
  const parameter = main.parameters.get(name);
  if (!parameter) return known.get(name);
  const expanded = expand(parameter.value, main, known, depth + 1);
  return 'value' in expanded ? expanded.value : undefined;
}

/** One element of a list value, with the physical line it stands on. */
export interface Element {
  readonly text: string;
  readonly line: number;
}

/** Elements divided by commas and blanks, each found again on its own line where the value spans several. */
export function elementsOf(parameter: Parameter): Element[] {
  const elements: Element[] = [];
  for (const [i, part] of parameter.source.parts.entries()) {
    const text = i === 0 ? part.text.slice(part.text.indexOf('=') + 1) : part.text;
    for (const word of words(text)) elements.push({ text: word, line: part.line });
  }
  return elements;
}

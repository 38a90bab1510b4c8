/**
 * Postfix's main.cf as parameters: logical lines, the last assignment of a name, `$name` in values, and lists whose
 * elements may stand in braces (postconf(5)).
 */
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
    const match = /^([^\s={}$]+)\s*=\s*(.*)$/s.exec(source.text);
    if (match) parameters.set(match[1] ?? '', { name: match[1] ?? '', value: (match[2] ?? '').trim(), source });
    else bad.push(source);
  }
  return { parameters, bad };
}

/** The value with its `$name`s replaced, or the name of the first that nothing sets. */
export type Expanded = { readonly value: string } | { readonly unset: string };

/** Gives the content of a name, before its own names are replaced. */
type Contents = (name: string) => string | undefined;

/**
 * Replaces `$name`, `${name}`, `$(name)`, `${name?text}`, `${name?{text}:{text}}`, `${name:text}` and the comparisons of
 * Postfix 3. `known` gives what main.cf need not set.
 */
export function expand(text: string, main: MainCf, known: ReadonlyMap<string, string>): Expanded {
  return new Expansion((name) => main.parameters.get(name)?.value ?? known.get(name)).expand(text, 0);
}

const deepest = 20;
/** Names that name themselves twice would be replaced without an end. */
const most = 1000;

class Expansion {
  private unset: string | undefined;
  private replaced = 0;

  constructor(private readonly contents: Contents) {}

  expand(text: string, depth: number): Expanded {
    const value = this.replace(text, depth);
    return this.unset === undefined ? { value } : { unset: this.unset };
  }

  private replace(text: string, depth: number): string {
    let result = '';
    for (let i = 0; i < text.length; ) {
      const rest = text.slice(i);
      const bare = /^\$([A-Za-z0-9_]+)/.exec(rest);
      if (rest.startsWith('$$')) {
        result += '$';
        i += 2;
      } else if (bare) {
        result += this.contentOf(bare[1] ?? '', bare[0], depth);
        i += bare[0].length;
      } else if (/^\$[{(]/.test(rest)) {
        const end = closing(rest, 1);
        result += this.conditional(rest.slice(2, end).trim(), rest.slice(0, end + 1), depth);
        i += end + 1;
      } else {
        result += text[i];
        i++;
      }
    }
    return result;
  }

  private contentOf(name: string, all: string, depth: number): string {
    const content = this.contentAt(name, depth);
    if (content === undefined) {
      this.unset ??= all;
      return '';
    }
    return this.replace(content, depth + 1);
  }

  private contentAt(name: string, depth: number): string | undefined {
    this.replaced++;
    return depth > deepest || this.replaced > most ? undefined : this.contents(name);
  }

  private conditional(inner: string, all: string, depth: number): string {
    const [, name, operator, rest = ''] = /^([A-Za-z0-9_]+)\s*(?:([?:])(.*))?$/s.exec(inner) ?? [];
    if (name !== undefined && operator === undefined) return this.contentOf(name, all, depth);
    if (name === undefined) return this.comparison(inner, all, depth);
    const content = this.contentAt(name, depth);
    const isSet = content !== undefined && this.replace(content, depth + 1) !== '';
    if (operator === ':') return isSet ? this.contentOf(name, all, depth) : this.replace(unbraced(rest), depth + 1);
    const [yes, no] = branchesOf(rest);
    return this.replace(isSet ? yes : no, depth + 1);
  }

  /** `{text} operator {text} ? {text} : {text}` */
  private comparison(inner: string, all: string, depth: number): string {
    const left = blockAt(inner, 0);
    const match = left && /^\s*(<level|<=level|>level|>=level|==|!=|<|<=|>|>=)\s*/.exec(inner.slice(left.end));
    const right = left && match && blockAt(inner, left.end + match[0].length);
    if (!left || !match || !right) {
      this.unset ??= all;
      return '';
    }
    const [yes, no] = branchesOf(inner.slice(right.end).replace(/^\s*\?/, ''));
    const holds = compare(this.replace(left.text, depth + 1), match[1] ?? '', this.replace(right.text, depth + 1));
    return this.replace(holds ? yes : no, depth + 1);
  }
}

/** The place of the brace or parenthesis that closes the one at `from`; the end of the text where none does. */
function closing(text: string, from: number): number {
  const [opens, closes] = text[from] === '(' ? '()' : '{}';
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === opens) depth++;
    else if (text[i] === closes && --depth === 0) return i;
  }
  return text.length;
}

function blockAt(text: string, from: number): { text: string; end: number } | undefined {
  const start = from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0);
  if (text[start] !== '{') return undefined;
  const end = closing(text, start);
  return { text: text.slice(start + 1, end).trim(), end: end + 1 };
}

function branchesOf(text: string): readonly [yes: string, no: string] {
  const yes = blockAt(text, 0);
  if (!yes) return [text, ''];
  return [yes.text, blockAt(text, yes.end + (/^\s*:?/.exec(text.slice(yes.end))?.[0].length ?? 0))?.text ?? ''];
}

function unbraced(text: string): string {
  return blockAt(text, 0)?.text ?? text;
}

function compare(left: string, operator: string, right: string): boolean {
  const kind = operator.replace('level', '');
  const order = operator.includes('level')
    ? compareLevels(left, right)
    : /^[0-9]+$/.test(left) && /^[0-9]+$/.test(right)
      ? Number(left) - Number(right)
      : left < right
        ? -1
        : Number(left > right);
  switch (kind) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    default:
      return (order === 0) === (kind === '==');
  }
}

/** Levels are versions: 3.10 is above 3.6. */
export function compareLevels(left: string, right: string): number {
  const [a, b] = [left, right].map((level) => level.split('.').map((part) => Number.parseInt(part, 10) || 0));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** One element of a list value, with the physical line it stands on. */
export interface Element {
  readonly text: string;
  readonly line: number;
}

/** Elements divided by commas and blanks, with what stands in braces kept together, each on the line where it begins. */
export function elementsOf(parameter: Parameter): Element[] {
  const elements: { text: string; line: number }[] = [];
  let open: { text: string; line: number } | undefined;
  for (const [i, part] of parameter.source.parts.entries()) {
    const text = i === 0 ? part.text.slice(part.text.indexOf('=') + 1) : part.text;
    for (const word of text.split(/[\s,]+/).filter((piece) => piece !== '')) {
      if (open) open.text += ` ${word}`;
      else open = { text: word, line: part.line };
      if (depthOf(open.text) > 0) continue;
      elements.push(open);
      open = undefined;
    }
  }
  if (open) elements.push(open);
  return elements;
}

/** The elements of an expanded value. */
export function wordsOf(text: string): string[] {
  const found: string[] = [];
  let open = '';
  for (const word of text.split(/[\s,]+/).filter((piece) => piece !== '')) {
    open = open === '' ? word : `${open} ${word}`;
    if (depthOf(open) > 0) continue;
    found.push(open);
    open = '';
  }
  return open === '' ? found : [...found, open];
}

function depthOf(text: string): number {
  let depth = 0;
  for (const character of text) {
    if (character === '{') depth++;
    else if (character === '}') depth--;
  }
  return depth;
}

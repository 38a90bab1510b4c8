/**
 * The macro calls of an m4 source at the outermost level, as far as a sendmail.mc needs them: quotes (`…'), nesting,
 * `dnl`, the values of variables that the source defines itself, and `ifdef` of those. Two things hide less than they seem
 * to: `divert(-1)` drops the output of calls and not the calls, and sendmail's cf.m4 switches m4's `#` comments off.
 */
import type { TextLine } from '../text-lines';

export interface M4Call {
  readonly name: string;
  /** Without quotes and surrounding white space, and with the values of known variables. */
  readonly args: readonly string[];
  readonly line: number;
  readonly text: string;
  /** The lines of sendmail.cf that follow, for a word that begins a section (`LOCAL_CONFIG`). */
  readonly section?: readonly TextLine[];
}

/** What sendmail's own files define and many a path is made of. */
const sendmailVariables: readonly (readonly [string, string])[] = [
  ['MAIL_SETTINGS_DIR', '/etc/mail/'],
  ['DATABASE_MAP_TYPE', 'hash'],
];

const deepest = 20;

/** Never throws; a call that is not closed ends with the text. */
export function m4Calls(text: string): M4Call[] {
  return callsOf(new Scanner(text, new Map(sendmailVariables)), 0);
}

function callsOf(scanner: Scanner, depth: number): M4Call[] {
  const calls: M4Call[] = [];
  for (let call = scanner.next(); call; call = scanner.next()) {
    if (isCfM4(call)) scanner.hashIsComment = false;
    const { name, args, line } = call;
    const [variable = '', value = ''] = args;
    if (name === 'define') scanner.variables.set(variable, value);
    else if (name === 'undefine') scanner.variables.set(variable, undefined);
    const branch = name === 'ifdef' && depth < deepest ? branchOf(scanner.variables, args) : undefined;
    if (branch === undefined) calls.push(call);
    else calls.push(...callsOf(new Scanner(branch, scanner.variables, line, scanner.hashIsComment), depth + 1));
  }
  return calls;
}

/** The text that an `ifdef` yields; `undefined` where another file may define its variable. */
function branchOf(
  variables: Variables,
  [variable = '', then = '', otherwise = '']: readonly string[],
): string | undefined {
  if (!variables.has(variable)) return undefined;
  return variables.get(variable) === undefined ? otherwise : then;
}

/** `undefined`: the source undefines it. */
type Variables = Map<string, string | undefined>;

/** Where the source does not include cf.m4 itself, it was read before. */
function isCfM4({ name, args }: Pick<M4Call, 'name' | 'args'>): boolean {
  return name === 'include' && /\bcf\.m4$/.test(args[0] ?? '');
}

/** Their first argument is a name, and no text. */
const takesName = new Set(['define', 'undefine', 'ifdef', 'FEATURE', 'defn', 'pushdef', 'popdef']);

const sectionWord =
  /^(?:LOCAL_(?:CONFIG|DNSBL|NET_CONFIG|RULESETS|RULE_[0-3]|UUCP|SRV_FEATURES|CLT_FEATURES|TRY_TLS|TLS_(?:CLIENT|RCPT|SERVER))|MAILER_DEFINITIONS)$/;
/** A line that is m4 again, and no line of sendmail.cf. */
const endsSection =
  /^(?:[A-Z][A-Z0-9_]{2,}\(|(?:define|undefine|divert|include|sinclude|ifdef|ifelse)\(|(?:LOCAL_[A-Z_0-9]+|MAILER_DEFINITIONS)\b)/;

class Scanner {
  hashIsComment: boolean;
  private position = 0;

  constructor(
    private readonly text: string,
    readonly variables: Variables,
    private line = 1,
    hashIsComment = /^include\(.*\bcf\.m4'?\)/m.test(text),
  ) {
    this.hashIsComment = hashIsComment;
  }

  next(): M4Call | undefined {
    while (this.position < this.text.length) {
      const beginsLine = this.position === 0 || this.text[this.position - 1] === '\n';
      const word = this.word();
      if (word === 'dnl') this.skipLine();
      else if (word !== '' && this.text[this.position] === '(') return this.call(word);
      else if (beginsLine && sectionWord.test(word)) return this.section(word);
      else if (word === '') this.other();
    }
    return undefined;
  }

  private section(name: string): M4Call {
    const line = this.line;
    const section: TextLine[] = [];
    this.skipLine();
    while (this.position < this.text.length) {
      const end = this.text.indexOf('\n', this.position);
      const content = this.text.slice(this.position, end < 0 ? undefined : end).replace(/\r$/, '');
      if (endsSection.test(content)) break;
      if (!/^dnl\b/.test(content)) section.push({ line: this.line, text: content.replace(/\s*\bdnl\b.*$/, '') });
      this.skipLine();
    }
    return { name, args: [], line, text: name, section };
  }

  /** The text with the values of variables, where the source defines them. */
  private expanded(text: string): string {
    return text.replace(/[A-Za-z_][A-Za-z0-9_]*/g, (word) => this.variables.get(word) ?? word);
  }

  private word(): string {
    const match = /[A-Za-z_][A-Za-z0-9_]*/y;
    match.lastIndex = this.position;
    const word = match.exec(this.text)?.[0] ?? '';
    this.position += word.length;
    return word;
  }

  /** Passes over one character that begins no word: a comment to its line end, quoted text to its closing quote. */
  private other(): void {
    const c = this.text[this.position];
    if (c === '#' && this.hashIsComment) this.skipLine();
    else if (c === '`') this.quoted();
    else this.step();
  }

  private step(): string {
    const c = this.text[this.position++] ?? '';
    if (c === '\n') this.line++;
    return c;
  }

  private skipLine(): void {
    while (this.position < this.text.length && this.step() !== '\n');
  }

  /** Quoted text without its outermost quotes. */
  private quoted(): string {
    let depth = 0;
    let inner = '';
    while (this.position < this.text.length) {
      const c = this.step();
      if (c === '`' && depth++ === 0) continue;
      if (c === "'" && --depth === 0) break;
      inner += c;
    }
    return inner;
  }

  private call(name: string): M4Call {
    const line = this.line;
    const start = this.position - name.length;
    const args: string[] = [];
    let argument = '';
    let depth = 0;
    while (this.position < this.text.length) {
      const c = this.text[this.position] ?? '';
      // The branches of an ifdef are read as m4 again.
      const isName = name === 'ifdef' || (args.length === 0 && takesName.has(name));
      if (c === '`') {
        const inner = this.quoted();
        argument += isName ? inner : this.expanded(inner);
        continue;
      }
      const word = this.word();
      if (word === 'dnl') {
        this.skipLine();
        continue;
      }
      if (word !== '') {
        argument += isName ? word : this.expanded(word);
        continue;
      }
      this.step();
      if (c === '(' && depth++ === 0) continue;
      if (c === ')' && --depth === 0) break;
      if (c === ',' && depth === 1) {
        args.push(argument.trim());
        argument = '';
      } else {
        argument += c;
      }
    }
    args.push(argument.trim());
    // Flags that were set before have been read already.
    if (name === 'define' && args[0] !== 'confPRIVACY_FLAGS' && args[1] !== undefined) {
      args[1] = args[1].replace(/\bdefn\(([^()]*)\)/g, '$1');
    }
    return { name, args, line, text: this.text.slice(start, this.position).replace(/\s+/g, ' ').trim() };
  }
}

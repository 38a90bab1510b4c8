/**
 * The macro calls of an m4 source at the outermost level, as far as a sendmail.mc needs them: quotes (`…'), nesting,
 * and `dnl`. Nothing is expanded. Two things hide less than they seem to: `divert(-1)` drops the output of calls and not
 * the calls, and sendmail's cf.m4 switches m4's `#` comments off.
 */

export interface M4Call {
  readonly name: string;
  /** Without quotes and surrounding white space. */
  readonly args: readonly string[];
  readonly line: number;
  readonly text: string;
}

/** Never throws; a call that is not closed ends with the text. */
export function m4Calls(text: string): M4Call[] {
  const scanner = new Scanner(text);
  const calls: M4Call[] = [];
  for (let call = scanner.next(); call; call = scanner.next()) {
    if (isCfM4(call)) scanner.hashIsComment = false;
    calls.push(call);
  }
  return calls;
}

/** Where the source does not include cf.m4 itself, it was read before. */
function isCfM4({ name, args }: Pick<M4Call, 'name' | 'args'>): boolean {
  return name === 'include' && /\bcf\.m4$/.test(args[0] ?? '');
}

class Scanner {
  hashIsComment: boolean;
  private position = 0;
  private line = 1;

  constructor(private readonly text: string) {
    this.hashIsComment = /^include\(.*\bcf\.m4'?\)/m.test(text);
  }

  next(): M4Call | undefined {
    while (this.position < this.text.length) {
      const word = this.word();
      if (word === 'dnl') this.skipLine();
      else if (word !== '' && this.text[this.position] === '(') return this.call(word);
      else if (word === '') this.other();
    }
    return undefined;
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
      if (c === '`') {
        argument += this.quoted();
        continue;
      }
      const word = this.word();
      if (word === 'dnl') {
        this.skipLine();
        continue;
      }
      if (word !== '') {
        argument += word;
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
    return { name, args, line, text: this.text.slice(start, this.position).replace(/\s+/g, ' ').trim() };
  }
}

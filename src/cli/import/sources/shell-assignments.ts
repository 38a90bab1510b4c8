/**
 * Assignments of a shell file, as CF's definition files are: quotes, continued lines, comments, and `$VAR` of earlier
 * lines. Nothing is run; lines that are no assignments are returned as `others`.
 */

export interface Assignment {
  readonly name: string;
  readonly value: string;
  readonly line: number;
  readonly text: string;
  /** Comment lines directly above. */
  readonly comments: readonly string[];
  /** Variables used that no earlier line sets. */
  readonly unset: readonly string[];
}

export interface NoAssignment {
  readonly line: number;
  readonly text: string;
}

export interface ShellFile {
  readonly assignments: readonly Assignment[];
  readonly others: readonly NoAssignment[];
}

interface Word {
  readonly value: string;
  /** Whether it is text alone, without command substitution. */
  readonly plain: boolean;
}

/** Never throws; an unclosed quote ends with the text. */
export function readAssignments(text: string): ShellFile {
  const source = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const assignments: Assignment[] = [];
  const others: NoAssignment[] = [];
  const known = new Map<string, string>();
  let comments: string[] = [];
  let position = 0;
  let line = 1;

  while (position < source.length) {
    const start = position;
    const startLine = line;
    const head = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=/y;
    head.lastIndex = position;
    const match = head.exec(source);
    const unset: string[] = [];
    if (match) position += match[0].length;
    let word = match ? readWord(source, position, known, unset) : undefined;
    const made = match && word ? [{ name: match[1] ?? '', value: word.value, unset }] : [];
    // Further assignments of the same line; each sees what those before it set.
    while (word?.plain) {
      const next = /[ \t;]+(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=/y;
      next.lastIndex = word.end;
      const more = next.exec(source);
      if (!more) break;
      const last = made[made.length - 1];
      if (last) known.set(last.name, last.value);
      const missing: string[] = [];
      word = readWord(source, next.lastIndex, known, missing);
      made.push({ name: more[1] ?? '', value: word.value, unset: missing });
    }
    let end = word ? word.end : position;
    // The rest of the line: blanks, a comment, or something that makes this no mere assignment.
    const lineEnd = source.indexOf('\n', end) < 0 ? source.length : source.indexOf('\n', end);
    const rest = source.slice(end, lineEnd).trim().replace(/^;+/, '').trim();
    end = lineEnd;
    const written = source.slice(start, lineEnd).trim();
    position = Math.min(end + 1, source.length);
    line += source.slice(start, position).split('\n').length - 1;

    if (written === '') continue;
    if (written.startsWith('#')) {
      const comment = written.replace(/^#+/, '').trim();
      if (comment !== '') comments.push(comment);
      continue;
    }
    if (match && word?.plain && (rest === '' || rest.startsWith('#'))) {
      for (const assignment of made) {
        known.set(assignment.name, assignment.value);
        assignments.push({ ...assignment, line: startLine, text: written, comments });
      }
    } else {
      // Set all the same, to what is not known.
      for (const { name } of made) known.delete(name);
      others.push({ line: startLine, text: written.split('\n')[0] ?? '' });
    }
    comments = [];
  }
  return { assignments, others };
}

/** One shell word from `start`: quoted and unquoted parts up to the first blank, `;` or line end outside quotes. */
function readWord(
  source: string,
  start: number,
  known: ReadonlyMap<string, string>,
  unset: string[],
): Word & { readonly end: number } {
  let value = '';
  let plain = true;
  let quote = '';
  let i = start;
  for (; i < source.length; i++) {
    const c = source[i] ?? '';
    if (quote === "'") {
      if (c === "'") quote = '';
      else value += c;
    } else if (c === '\\') {
      const next = source[++i] ?? '';
      if (next === '\n') continue;
      value += quote === '"' && !'$`"\\'.includes(next) ? `\\${next}` : next;
    } else if (c === '"') {
      quote = quote === '' ? c : '';
    } else if (quote === '' && c === "'") {
      quote = c;
    } else if (c === '`' || source.startsWith('$(', i)) {
      plain = false;
    } else if (c === '$') {
      const variable = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/y;
      variable.lastIndex = i;
      const match = variable.exec(source);
      if (!match) {
        value += c;
        if (source[i + 1] === '{') plain = false;
        continue;
      }
      const name = match[1] ?? match[2] ?? '';
      const content = known.get(name);
      if (content === undefined) unset.push(name);
      value += content ?? '';
      i += match[0].length - 1;
    } else if (quote === '' && /[\s;&|<>()]/.test(c)) {
      break;
    } else {
      value += c;
    }
  }
  return { value, plain, end: i };
}

/** Source text as numbered lines, with the comments that stand above them. */

export interface TextLine {
  /** Counts from 1. */
  readonly line: number;
  /** Without its line end. */
  readonly text: string;
}

/** Lines of a file; a BOM, CRLF and a missing last newline make no difference. */
export function splitLines(text: string): readonly TextLine[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/);
  if (lines[lines.length - 1] === '') lines.pop();
  return lines.map((content, i) => ({ line: i + 1, text: content }));
}

export interface CommentedLine extends TextLine {
  /** The comment lines directly above, without `#`. */
  readonly comments: readonly string[];
}

/**
 * The lines with content, each with its comments: a comment block belongs to the line below it, and one that an
 * empty line cuts off belongs to the next line too, since it heads the section.
 */
export function commentedLines(text: string, isComment = (line: string) => line.startsWith('#')): CommentedLine[] {
  const found: CommentedLine[] = [];
  let comments: string[] = [];
  for (const { line, text: content } of splitLines(text)) {
    const trimmed = content.trim();
    if (isComment(trimmed)) {
      const comment = trimmed.replace(/^[#;]+/, '').trim();
      if (comment !== '') comments.push(comment);
    } else if (trimmed !== '') {
      found.push({ line, text: content, comments });
      comments = [];
    }
  }
  return found;
}

export interface LogicalLine extends CommentedLine {
  /** The physical lines it is made of, for finding a word's own line. */
  readonly parts: readonly TextLine[];
}

/**
 * Postfix's logical lines: one that begins with white space continues the line before; comments and empty lines in
 * between are passed over (postconf(5), "BASIC SYNTAX").
 */
export function logicalLines(text: string): LogicalLine[] {
  const found: { line: number; text: string; comments: string[]; parts: TextLine[] }[] = [];
  let comments: string[] = [];
  for (const part of splitLines(text)) {
    const trimmed = part.text.trim();
    if (trimmed.startsWith('#')) {
      const comment = trimmed.replace(/^#+/, '').trim();
      if (comment !== '') comments.push(comment);
      continue;
    }
    if (trimmed === '') continue;
    const open = found[found.length - 1];
    if (open && /^\s/.test(part.text)) {
      open.text += ` ${trimmed}`;
      open.parts.push(part);
      continue;
    }
    found.push({ line: part.line, text: trimmed, comments, parts: [part] });
    comments = [];
  }
  return found;
}

/** `entry  # comment`: what stands before the first `#` that begins a word, and after it. */
export function splitComment(text: string): { content: string; trailingComment?: string } {
  const match = /(^|\s)#(.*)$/.exec(text);
  if (!match) return { content: text.trim() };
  const trailingComment = (match[2] ?? '').replace(/^#+/, '').trim();
  const content = text.slice(0, match.index).trim();
  return trailingComment === '' ? { content } : { content, trailingComment };
}

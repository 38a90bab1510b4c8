/** The rows of Postfix's tables: `key value` lines of a file, or what stands in the braces of `inline:{…}`. */
import type { Collector, SourceItem } from '../../collector';
import { logicalLines } from '../text-lines';
import { wordsOf } from './postfix-values';

export interface Row {
  readonly key: string;
  readonly value: string;
  readonly item: SourceItem;
  /** The place in the list that names the table. */
  readonly order: readonly number[];
}

/** `key value` lines. */
export function rowsOfText(text: string, order: readonly number[] = []): Row[] {
  return logicalLines(text).map((logical, place) => {
    const [, key = '', value = ''] = /^(\S+)(?:\s+(.*))?$/s.exec(logical.text) ?? [];
    const item: SourceItem = { line: logical.line, text: logical.text, comments: logical.comments };
    return { key, value, item, order: [...order, place] };
  });
}

/** `{key=value, {key = value with blanks}}`; a cidr table has `{{pattern action}}`. */
export function rowsOfBraces(content: string, item: SourceItem, order: readonly number[]): Row[] {
  return wordsOf(content.trim().replace(/^\{|\}$/g, '')).map((word, place) => {
    const text = word.replace(/^\{|\}$/g, '').trim();
    const [, key = text, value = ''] = /^([^\s=]+)(?:\s*=\s*|\s+)(.*)$/s.exec(text) ?? [];
    return { key, value: value.trim(), item: { ...item, text, comments: [] }, order: [...order, place] };
  });
}

/** Postfix skips a line of a keyed table that has no value. */
export function rowsWithValue(out: Collector, rows: readonly Row[]): Row[] {
  return rows.filter((row) => {
    if (row.value === '') out.remark('postfix-table-line', row.item);
    return row.value !== '';
  });
}

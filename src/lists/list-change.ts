/** How many entries a new version of a list has more, and how many less, for the log. */
import { forEachLine } from '../policy/entries/lines';
import type { Version } from './list-state';
import type { ListContent } from './parsing/parse-bytes';

/** `+3 -1`; nothing where one of the texts is not kept. A comment is no change. */
export function changeBetween(before: Version<ListContent>, after: Version<ListContent>): string | undefined {
  const [old, current] = [entriesOf(before), entriesOf(after)];
  if (!old || !current) return undefined;
  const added = [...current].filter((entry) => !old.has(entry)).length;
  const removed = [...old].filter((entry) => !current.has(entry)).length;
  return `+${added} -${removed}`;
}

function entriesOf({ value, hash }: Version<ListContent>): ReadonlySet<string> | undefined {
  const isEmpty = hash === 'missing' || hash === 'unnamed';
  const text = isEmpty ? '' : value.text;
  if (text === undefined) return undefined;
  const entries = new Set<string>();
  forEachLine(text, (line) => entries.add(line.text));
  return entries;
}

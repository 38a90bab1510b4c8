/** A unified diff of two texts, as `diff -u` prints it and `patch` takes it. */
import { FILE_HEADERS_ONLY, formatPatch, type StructuredPatch, structuredPatch } from 'diff';

const context = 3;
/** Beyond this many changed lines the diff is one hunk: finding the shortest one would take minutes. */
const maxEditLength = 2000;

/** Empty where the texts are equal. An empty `before` is a new file. */
export function unifiedDiff(name: string, before: string, after: string): string {
  if (before === after) return '';
  const names = [before === '' ? '/dev/null' : `a/${name}`, `b/${name}`] as const;
  const shortest = structuredPatch(...names, before, after, undefined, undefined, { context, maxEditLength });
  return formatPatch(shortest ?? replacement(names, before, after), FILE_HEADERS_ONLY);
}

/** All lines out, all lines in. */
function replacement(names: readonly [string, string], before: string, after: string): StructuredPatch {
  const removal = structuredPatch(...names, before, '').hunks[0];
  const addition = structuredPatch(...names, '', after).hunks[0];
  if (!removal || !addition) throw new Error('a text of so many changed lines is empty');
  const lines = [...removal.lines, ...addition.lines];
  const hunk = { oldStart: 1, oldLines: removal.oldLines, newStart: 1, newLines: addition.newLines, lines };
  return { ...structuredPatch(...names, '', ''), hunks: [hunk] };
}

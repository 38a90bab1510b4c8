/** A unified diff of two texts, as `diff -u` prints it and `patch` takes it. */

const context = 3;
/** Beyond this many cells the changed middle is shown as one block rather than searched for common lines. */
const searchLimit = 4_000_000;

interface Step {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** Empty where the texts are equal. An empty `before` is a new file. */
export function unifiedDiff(name: string, before: string, after: string): string {
  if (before === after) return '';
  const steps = stepsBetween(linesOf(before), linesOf(after));
  const head = [`--- ${before === '' ? '/dev/null' : `a/${name}`}`, `+++ b/${name}`];
  return `${[...head, ...hunks(steps)].join('\n')}\n`;
}

/** Lines with the mark that `diff` puts where the last one has no line end. */
function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const last = lines.pop();
  if (last !== '') lines.push(`${last}\n\\ No newline at end of file`);
  return lines;
}

function stepsBetween(before: readonly string[], after: readonly string[]): Step[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const same = (text: string): Step => ({ sign: ' ', text });
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

/** The longest common subsequence by the plain table: import files are short. */
function middle(before: readonly string[], after: readonly string[]): Step[] {
  const removed = (text: string): Step => ({ sign: '-', text });
  const added = (text: string): Step => ({ sign: '+', text });
  if (before.length * after.length > searchLimit) return [...before.map(removed), ...after.map(added)];
  const width = after.length + 1;
  const length = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => length[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      length[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const steps: Step[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    const left = before[i];
    const right = after[j];
    if (left !== undefined && left === right) {
      steps.push({ sign: ' ', text: left });
      i++;
      j++;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      steps.push(removed(left));
      i++;
    } else if (right !== undefined) {
      steps.push(added(right));
      j++;
    }
  }
  return steps;
}

function hunks(steps: readonly Step[]): string[] {
  const changed = steps.flatMap((step, i) => (step.sign === ' ' ? [] : [i]));
  const ranges: { from: number; to: number }[] = [];
  for (const i of changed) {
    const from = Math.max(0, i - context);
    const to = Math.min(steps.length, i + context + 1);
    const last = ranges[ranges.length - 1];
    if (last && from <= last.to) last.to = to;
    else ranges.push({ from, to });
  }
  return ranges.flatMap(({ from, to }) => {
    const before = (part: readonly Step[]) => part.filter((step) => step.sign !== '+').length;
    const after = (part: readonly Step[]) => part.filter((step) => step.sign !== '-').length;
    const ahead = steps.slice(0, from);
    const inside = steps.slice(from, to);
    const old = range(before(ahead), before(inside));
    const fresh = range(after(ahead), after(inside));
    return [`@@ -${old} +${fresh} @@`, ...inside.map((step) => `${step.sign}${step.text}`)];
  });
}

/** `start,count`; a range of no lines names the line before it. */
function range(ahead: number, count: number): string {
  if (count === 1) return String(ahead + 1);
  return `${count === 0 ? ahead : ahead + 1},${count}`;
}

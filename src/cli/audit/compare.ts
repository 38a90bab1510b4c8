/** Compares replies and reply times: whether they differ more than chance and the requested name explain. */

/** A reply without the name that the question put into it, so that only the server's own words remain. */
export function withoutName(text: string, name: string): string {
  const bare = name.split('@')[0] ?? name;
  let out = text;
  for (const part of [name, bare]) {
    if (part !== '') out = out.replaceAll(new RegExp(escaped(part), 'gi'), '<name>');
  }
  // Queue ids, times and counters differ from one reply to the next whatever was asked.
  return out.replaceAll(/\b[0-9A-F]{6,}(?:[-.][0-9A-Za-z]+)*\b/gi, '<id>').replaceAll(/\d{2}:\d{2}:\d{2}/g, '<time>');
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** The median distance from the median: one slow reply does not move it. */
export function spread(values: readonly number[]): number {
  const centre = median(values);
  return median(values.map((value) => Math.abs(value - centre)));
}

export interface TimingVerdict {
  readonly differs: boolean;
  readonly shown: string;
}

/** Milliseconds: a smaller difference over a network means nothing, however stable it looks. */
const floorMs = 15;

/**
 * Conservative on purpose: the medians must lie apart by more than the floor, by more than six times the larger spread,
 * and three quarters of one side must be slower than the whole middle of the other. Noise passes, and so may a small leak.
 */
export function compareTimes(a: readonly number[], b: readonly number[]): TimingVerdict {
  const [slow, fast] = median(a) >= median(b) ? [a, b] : [b, a];
  const gap = median(slow) - median(fast);
  const noise = Math.max(spread(a), spread(b));
  const lowSlow = quantile(slow, 0.25);
  const highFast = quantile(fast, 0.75);
  const differs = Math.min(a.length, b.length) >= 5 && gap > floorMs && gap > 6 * noise && lowSlow > highFast;
  return {
    differs,
    shown: `medians ${median(a).toFixed(1)} ms and ${median(b).toFixed(1)} ms, spread ${noise.toFixed(1)} ms`,
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

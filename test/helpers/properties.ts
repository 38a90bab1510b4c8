/** fast-check with a fixed seed, so that a property that fails today fails tomorrow. */
import fc from 'fast-check';

/** Mutation testing plays a part of the cases, the same ones each time: it runs the properties thousands of times. */
const share = Number(process.env.PROPERTY_SHARE ?? 1);

export function runs(count: number): number {
  return Math.ceil(count * share);
}

// With a part of the cases a failure need not be shrunk either: nobody reads it.
fc.configureGlobal({ seed: 20261124, numRuns: runs(150), endOnFailure: share < 1 });

export { fc };

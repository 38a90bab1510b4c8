/** fast-check with a fixed seed, so that a property that fails today fails tomorrow. */
import fc from 'fast-check';
import { everything } from './extent';

/** Mutation testing plays a small part of the cases, the same ones each time: it runs the properties thousands of times. */
const mutationShare = process.env.PROPERTY_SHARE;
const share = mutationShare ? Number(mutationShare) : everything ? 1 : 0.25;

export function runs(count: number): number {
  return Math.ceil(count * share);
}

// There a failure need not be shrunk either: nobody reads it.
fc.configureGlobal({ seed: 20261124, numRuns: runs(150), endOnFailure: mutationShare !== undefined });

export { fc };

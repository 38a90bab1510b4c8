/** fast-check with a fixed seed, so that a property that fails today fails tomorrow. */
import fc from 'fast-check';

fc.configureGlobal({ seed: 20261124, numRuns: 150 });

export { fc };

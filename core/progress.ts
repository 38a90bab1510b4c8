/** Lets the thread that parses a list do something else now and then, or nothing. */

/** So many lines, or names, take a part of a millisecond. */
const eachOf = 256;

let onProgress: (() => void) | undefined;

/** From now on, in this thread, it is called again and again while a list is parsed; without one nothing is. */
export function callOnProgress(call: (() => void) | undefined): void {
  onProgress = call;
}

/** To be called for each of many things with its number, or for one that takes as long as many. */
export function progress(number = 0): void {
  if (number % eachOf === 0) onProgress?.();
}

/** Parses the content of a list. Where a large one is parsed is told by `parse-apart.ts`. */
import { decodeText, hashOf } from './file-reader';
import { sortLines } from './redis-key';
import { type ParsedSlot, parseSlot, type SlotName } from './slots';

export interface Task {
  readonly name: SlotName;
  readonly file: string;
  /** Lines in no order, of which each counts once; without it the text of a list as it is. */
  readonly unordered?: boolean;
  /** The hash of the content in force: the same again need not be parsed, and comes back without data. */
  readonly known?: string | undefined;
  /** Whether the result is to have the text of a list that can be applied. */
  readonly withText?: boolean;
}

export interface Parsed extends ParsedSlot {
  readonly hash: string;
  /** How many findings there are beyond those handed over. */
  readonly unsaid: number;
  readonly text?: Uint8Array;
}

/** A log has room for no more, and a million of them would hold up the thread that serves mail. */
export const mostReported = 200;

export function parseBytes(bytes: Uint8Array, { name, file, unordered, known, withText }: Task): Parsed {
  const content = unordered ? sortLines(bytes) : bytes;
  const hash = hashOf(content);
  if (hash === known) return { findings: [], hash, unsaid: 0 };
  const parsed = parseSlot(name, file, decodeText(content), content);
  return { ...parsed, hash, unsaid: 0, ...(withText && parsed.data && { text: content }) };
}

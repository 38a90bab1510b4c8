/** The lines of a list as they stand in its file: for a person who looks, so nothing of it is kept while mail flows. */
import { decodeText, hashOf, readFileState, statFile } from '../lists/files/file-reader';

/** A larger file is not read again for the texts of a few entries. Bytes. */
export const largestRead = 2_000_000;

/** `undefined` where the file does not hold the version of this hash, is large, or cannot be read. */
export async function linesOf(path: string, hash: string): Promise<readonly string[] | undefined> {
  const { size } = await statFile(path);
  if (size > largestRead) return undefined;
  const state = await readFileState(path);
  if (state.state !== 'read' || hashOf(state.bytes) !== hash) return undefined;
  return decodeText(state.bytes)
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => line.trim());
}

/**
 * The least that any reader of a list does: reads the lines of a file into a Set. Run as a script, it does so once, at the
 * priority of the thread that parses a list.
 */
import fs from 'node:fs';
import os from 'node:os';

export function linesIntoSet(path: string): Set<string> {
  return new Set(fs.readFileSync(path, 'utf8').split('\n'));
}

if (require.main === module) {
  os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);
  process.stdout.write(`${linesIntoSet(process.argv[2] as string).size}`);
}

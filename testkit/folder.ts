/** A folder of its own for a test, gone when the process ends. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface Folder {
  readonly path: string;
  file(name: string): string;
  write(name: string, text: string | Uint8Array): void;
  remove(name: string): void;
}

const made: string[] = [];

export function makeFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): Folder {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-test-'));
  made.push(folder);
  const file = (name: string) => path.join(folder, name);
  const write = (name: string, text: string | Uint8Array) => {
    fs.mkdirSync(path.dirname(file(name)), { recursive: true });
    fs.writeFileSync(file(name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { path: folder, file, write, remove: (name) => fs.rmSync(file(name), { recursive: true }) };
}

/** The lists that the defaults name, all empty. */
export const emptyLists: Readonly<Record<string, string>> = {
  localip: '',
  localdomain: '',
  'relay.to': '',
  'relay.map': '',
  'host.deny': '',
};

// Not a hook of mocha: a process of a parallel run loads this module once, and runs many files.
process.on('exit', () => {
  for (const folder of made) fs.rmSync(folder, { recursive: true, force: true });
});

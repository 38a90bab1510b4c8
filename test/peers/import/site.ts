/** Imports a site's files by the command itself, and reads back what it wrote. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ImportedPolicy } from '../../cli/import/imported-policy';
import { inTemporaryFolder, smtpcheck } from '../../cli/import/support';

export type Files = Readonly<Record<string, string>>;

export interface Imported {
  readonly files: ReadonlyMap<string, string>;
  readonly policy: ImportedPolicy;
  readonly remarks: string;
}

export function importSite(files: Files, args: readonly string[]): Promise<Imported> {
  return inTemporaryFolder(async (folder) => {
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
    const { code, stderr } = await smtpcheck(['import', ...args, '-o', 'out'], folder);
    assert.notEqual(code, 2, stderr);
    const out = path.join(folder, 'out');
    // Suggestions for other plugins lie in a folder of their own.
    const names = fs.readdirSync(out).filter((name) => fs.statSync(path.join(out, name)).isFile());
    const written = new Map(names.map((name) => [name, fs.readFileSync(path.join(out, name), 'utf8')]));
    return { files: written, policy: new ImportedPolicy(written), remarks: stderr };
  });
}

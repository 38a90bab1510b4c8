/** The package that this command is part of, whether it runs from `dist` or from wherever else it was compiled to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const packageName = 'haraka-plugin-smtpcheck';

/** This file is dist/src/cli/package.js in the package. */
export const packageFolder = join(__dirname, '..', '..', '..');

export function packageVersion(): string {
  const text = readFileSync(join(packageFolder, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The version of the suite, from its package. This file is dist/src/status/package.js there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const suiteVersion = (
  JSON.parse(readFileSync(join(__dirname, '..', '..', '..', 'package.json'), 'utf8')) as { version: string }
).version;

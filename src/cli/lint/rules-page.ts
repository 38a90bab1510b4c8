/** The sections of docs/reference/rules.md, which has a heading for each code of a finding. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findingCodes } from '../../policy/findings/finding';
import { nearest } from '../../policy/settings/suggest';
import { CannotRun } from '../io';
import { packageFolder } from '../package';
import { lintCodes } from './finding';

/** The section of one code as the page has it. An unknown code cannot be explained; the nearest one is named. */
export function explainCode(code: string): string {
  const codes: readonly string[] = [...findingCodes, ...lintCodes];
  if (!codes.includes(code)) {
    const meant = nearest(code, codes);
    throw new CannotRun(
      meant === undefined
        ? `no finding has the code ${code}; the codes are the headings of ${pageFile}`
        : `no finding has the code ${code}; did you mean ${meant}?`,
    );
  }
  const [, section] = readPage().split(new RegExp(`^(?=## ${code}$)`, 'm'));
  if (section === undefined) throw new CannotRun(`${pageFile} has no heading ${code}`);
  const [text = ''] = section.split(/\n(?=##? )/);
  return `${text.trimEnd()}\n`;
}

const pageFile = join(packageFolder, 'docs', 'reference', 'rules.md');

function readPage(): string {
  try {
    return readFileSync(pageFile, 'utf8');
  } catch (error) {
    throw new CannotRun(`${pageFile}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Runs the examples of the import guides. A comment before a fence says what the fence is: `<!-- site -->` begins an
 * empty folder, `<!-- file: NAME -->` is a file in it, `<!-- run -->` a command with all that it prints, `<!-- shows: NAME -->`
 * what a file holds then. `npm run update:guides` writes what the commands print now.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { smtpcheck } from './support';

const guides = [
  'docs/guides/from-sendmail-and-cf.md',
  'docs/guides/ja/from-sendmail-and-cf.md',
  'docs/guides/from-postfix.md',
];

interface Example {
  readonly kind: 'site' | 'file' | 'run' | 'shows';
  readonly name: string;
  /** What stands between the fences. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function examplesIn(guide: string): Example[] {
  const pattern = /<!-- (?:(site) -->|(file|run|shows)(?:: (\S+))? -->\n```\w*\n([\s\S]*?)```)/g;
  return [...guide.matchAll(pattern)].map((match) => {
    const text = match[4] ?? '';
    const end = match.index + match[0].length - 3;
    return {
      kind: (match[1] ?? match[2]) as Example['kind'],
      name: match[3] ?? '',
      text,
      start: end - text.length,
      end,
    };
  });
}

/** The command of a `$ smtpcheck …` line, and what it prints: remarks before results, as on a terminal. */
async function runExample(text: string, folder: string): Promise<string> {
  const [first = ''] = text.split('\n');
  const command = /^\$ (?:npx )?smtpcheck (.*)$/.exec(first)?.[1];
  assert.ok(command, `no command: ${first}`);
  const { code, stdout, stderr } = await smtpcheck(command.split(' '), folder);
  assert.notEqual(code, null);
  return `${first}\n${stderr}${stdout}`;
}

async function actualOf(example: Example, folder: string): Promise<string> {
  switch (example.kind) {
    case 'file':
      mkdirSync(dirname(join(folder, example.name)), { recursive: true });
      writeFileSync(join(folder, example.name), example.text);
      return example.text;
    case 'run':
      return runExample(example.text, folder);
    case 'shows':
      return readFileSync(join(folder, example.name), 'utf8');
    case 'site':
      return '';
  }
}

describe('guides', () => {
  for (const path of guides) {
    it(`${path} shows what its examples do`, async () => {
      let guide = readFileSync(path, 'utf8');
      const examples = examplesIn(guide);
      assert.ok(examples.some(({ kind }) => kind === 'run'));
      const updated: string[] = [];
      let folder: string | undefined;
      let from = 0;
      try {
        for (const example of examples) {
          if (example.kind === 'site') {
            if (folder) rmSync(folder, { recursive: true });
            folder = mkdtempSync(join(tmpdir(), 'smtpcheck-guide-'));
            continue;
          }
          const actual = await actualOf(example, folder ?? assert.fail('an example before its site'));
          if (process.env.UPDATE_GUIDES !== '1') assert.equal(example.text, actual);
          updated.push(guide.slice(from, example.start), actual);
          from = example.end;
        }
      } finally {
        if (folder) rmSync(folder, { recursive: true });
      }
      guide = updated.join('') + guide.slice(from);
      if (process.env.UPDATE_GUIDES === '1') writeFileSync(path, guide);
    });
  }
});

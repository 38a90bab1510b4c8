/** `docs/reference/rules.md`: a heading for each code, and examples that do what the page says of them. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { loadSite, wrongType } from '../../src/lists/load';
import { findingCodes } from '../../src/policy/findings/finding';
import { describeFinding } from '../../src/policy/findings/finding-text';
import { emptyLists, makeFolder } from '../../testkit/folder';

interface Block {
  readonly language: string;
  readonly text: string;
}

interface Rule {
  readonly code: string;
  readonly meaning: string;
  readonly blocks: readonly Block[];
}

const page = fs.readFileSync('docs/reference/rules.md', 'utf8');
const rules: readonly Rule[] = page
  .split(/^## /m)
  .slice(1)
  .map((part) => {
    const [code = '', ...rest] = part.split('\n');
    const body = rest.join('\n');
    const blocks = [...body.matchAll(/^```(\S+)\n([\s\S]*?)\n```$/gm)];
    return {
      code,
      meaning: body.slice(0, blocks[0]?.index).trim(),
      blocks: blocks.map(([, language = '', text = '']) => ({ language, text })),
    };
  });

/** What a start with this file and empty lists besides would report; without Redis's plugin in the example of that. */
function reportOf({ language, text }: Block, code = ''): string[] {
  if (language === 'redis') {
    const [, key = ''] = text.split(' ');
    return text.startsWith('LPUSH') ? [describeFinding(wrongType({ name: `redis:${key}`, key }, 'list'))] : [];
  }
  const folder = makeFolder({ ...emptyLists, [language]: `${text}\n` });
  return loadSite(folder.path, { isInstalled: code !== 'redis-plugin-missing' }).findings.map(describeFinding);
}

describe('docs/reference/rules.md', () => {
  it('has a heading for each code, in their order, and for nothing else', () => {
    const ours = new Set<string>(findingCodes);
    assert.deepEqual(
      rules.map(({ code }) => code).filter((code) => ours.has(code)),
      [...findingCodes],
    );
  });

  for (const { code, meaning, blocks } of rules.filter(({ code }) =>
    (findingCodes as readonly string[]).includes(code),
  )) {
    it(`shows what ${code} means, and what to write instead`, () => {
      assert.match(meaning, /\S/);
      const [example, report, instead, ...others] = blocks;
      assert.ok(
        example && report && instead && others.length === 0,
        'an example, its report, and what to write instead',
      );
      assert.equal(reportOf(example, code).join('\n'), report.text);
      assert.match(report.text, new RegExp(`^\\S+:[0-9]+: ${code}: `));
      if (code === 'file-unreadable') return;
      assert.deepEqual(reportOf(instead, code), []);
    });
  }
});

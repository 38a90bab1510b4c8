/** CONTRIBUTING.md: every file and command that it names is there, and every command of package.json is in it. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../../examples/haraka-directory';

const read = (name: string): string => readFileSync(join(checkout, name), 'utf8');
const page = read('CONTRIBUTING.md');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> };

/** What stands in backquotes. */
const quoted = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);

describe('CONTRIBUTING.md', () => {
  it('has a map of every folder of the source', () => {
    const folders = readdirSync(checkout, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !/^\.|^(?:dist|node_modules|docs)$/.test(entry.name))
      .map(({ name }) => name);
    const mapped = [...page.matchAll(/^\| `(\w+)\/` \|/gm)].map(([, name]) => name);
    assert.deepEqual(mapped.sort(), folders.sort());
  });

  it('names files and folders that are there', () => {
    const files = quoted.filter((text) => /^[\w.-]+(?:\/[\w.-]*)+$/.test(text) && !text.includes('NAME'));
    assert.ok(files.length > 40);
    assert.deepEqual(
      files.filter((file) => !/^(?:dist|\.build)\//.test(file) && !existsSync(join(checkout, file))),
      [],
    );
  });

  it('names exports that are where it says', () => {
    for (const [file, ...names] of [
      ['src/policy/findings/finding.ts', 'findingCodes', 'fault', 'warning'],
      ['src/policy/entries/entry.ts', 'Problem'],
      ['src/policy/entries/list.ts', 'listKinds', 'PolicyList'],
      ['src/lists/list-settings.ts', 'ownListSettings'],
      ['src/lists/policy.ts', 'listsOf', 'buildPolicy'],
      ['src/host/answer.ts', 'registerHook', 'Task'],
      ['src/status/rules.ts', 'hooks'],
      ['src/host/guard.ts', 'answerWith'],
      ['src/cli/lint/finding.ts', 'lintCodes', 'lintFinding'],
      ['src/cli/io.ts', 'CannotRun'],
      ['src/cli/audit/check.ts', 'SmtpCheck', 'PopCheck'],
      ['src/cli/import/wording.ts', 'unlisted', 'stricter', 'leftOut', 'changed', 'note'],
      ['src/cli/import/site-policy.ts', 'lists'],
      ['testkit/folder.ts', 'emptyLists'],
    ] as const) {
      for (const name of names) {
        assert.ok(page.includes(`\`${name}`), name);
        assert.match(read(file), new RegExp(`^export (?:const|function|type|interface|class) ${name}\\b`, 'm'), file);
      }
    }
  });

  it('leads to every page for maintainers', () => {
    for (const name of readdirSync(join(checkout, 'docs', 'dev')))
      assert.ok(page.includes(`](docs/dev/${name})`), name);
  });

  it('names commands that package.json has, and all of them', () => {
    const named = new Set(
      [...page.matchAll(/npm (?:run )?((?:test|start|ci)\b(?!:)|(?<=run )[\w:]+)/g)].map(([, name = '']) => name),
    );
    const called = ['prepare', 'prepublishOnly'];
    assert.deepEqual(
      [...named].filter((name) => name !== 'ci' && !(name in scripts)),
      [],
    );
    assert.deepEqual(
      Object.keys(scripts).filter((name) => !named.has(name) && !called.includes(name)),
      [],
    );
  });
});

describe('the workflow', () => {
  it('runs .ci/run on every Node that is supported', () => {
    const workflow = read('.github/workflows/ci.yml');
    assert.match(workflow, /^ {8}node: \[20, 22, 24\]$/m);
    assert.match(workflow, /\.ci\/run$/m);
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    assert.match(engines.node, /^>=20\./);
  });
});

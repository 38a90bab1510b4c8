import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Option } from 'commander';
import type { Check } from '../../../src/cli/audit/check';
import { popChecks, smtpChecks } from '../../../src/cli/audit/checks';
import { command } from '../../../src/cli/audit/command';
import { remedyOf } from '../../../src/cli/audit/remedy';

const checks = [...smtpChecks, ...popChecks];

function documentationText(): string {
  for (let folder = __dirname; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const file = path.join(folder, 'docs', 'reference', 'audit.md');
    if (fs.existsSync(file)) return fs.readFileSync(file, 'utf8');
  }
  throw new Error(`no docs/reference/audit.md above ${__dirname}`);
}

const anchorOf = (heading: string): string => heading.toLowerCase().replaceAll(' ', '-');

describe('docs/reference/audit.md', () => {
  it('has one section for each check and none besides', () => {
    const headings = [...documentationText().matchAll(/^### (\S+)$/gm)].map(([, heading]) => heading);
    assert.deepEqual([...headings].sort(), checks.map(({ id }) => id).sort());
    assert.equal(new Set(headings).size, headings.length);
  });

  it('names every verdict, and every way out of them', () => {
    const text = documentationText();
    for (const word of ['`safe`', '`unsafe`', '`report`', '`unknown`', '`deferred`', 'smtpcheck-audit/1'])
      assert.ok(text.includes(word), word);
  });
});

describe('the remedy of a deferral in docs/reference/audit.md', () => {
  const check = smtpChecks[0] ?? assert.fail();
  const { anchor, fix } = remedyOf(check as Check<never>, 'deferred');
  const section =
    documentationText()
      .split(/^## /m)
      .find((one) => anchorOf(one.split('\n')[0] ?? '') === anchor) ?? '';

  it('is where the results lead to', () => assert.notEqual(section, ''));

  it('is the same as in the results', () => {
    const settings = [
      ...Object.values(fix)
        .join(' ')
        .matchAll(/`([^`]+)`/g),
    ].map(([, text = '']) => text);
    assert.ok(settings.length > 4);
    for (const text of settings) assert.ok(section.includes(`\`${text}`), text);
  });
});

describe('the table of options in docs/reference/audit.md', () => {
  const silent = { write: () => true };
  const { options } = command({ stdout: silent, stderr: silent, env: {}, cwd: '/' }, () => {});
  const rows = documentationText()
    .split('\n')
    .filter((line) => /^\| `-/.test(line));

  for (const { long, description, defaultValue } of options.map((option) => option as Option)) {
    it(`tells of ${long}`, () => {
      const row = rows.find((line) => line.split(' | ')[0]?.match(new RegExp(`${long}[ \`]`))) ?? assert.fail('no row');
      assert.equal(/` \*( \||$)/.test(row), /may be repeated/.test(description), row);
      if (typeof defaultValue === 'string' || typeof defaultValue === 'number')
        assert.match(row, new RegExp(`\\b${String(defaultValue)}\\b`));
    });
  }

  it('names no option that is not there', () => {
    const written = rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/--[\w-]+/g)].map(([name]) => name));
    const known = options.map(({ long }) => long as string);
    assert.deepEqual(written.sort(), known.sort());
  });
});

describe('the examples in docs/reference/audit.md', () => {
  const examples = [...documentationText().matchAll(/^smtpcheck audit (.+)$/gm)].map(([, words = '']) => words);

  it('are there', () => assert.ok(examples.length >= 3));

  for (const words of examples) {
    it(`are taken by the command: ${words}`, async () => {
      const silent = { write: () => true };
      const io = { stdout: silent, stderr: silent, env: {}, cwd: '/' };
      // Only whether the words are understood: the servers they name are nobody's here to ask.
      const audit = command(io, () => {})
        .exitOverride()
        .action(() => {});
      audit.configureOutput({ writeErr: silent.write });
      await audit.parseAsync(words.split(/\s+/), { from: 'user' });
    });
  }
});

describe('checks', () => {
  for (const { id, title, why, fix } of checks) {
    it(`${id} says what it is, why it matters, and how to fix it in each server`, () => {
      assert.match(id, /^[a-z0-9]+(?:-[a-z0-9]+)*$/);
      for (const text of [title, why, fix.haraka, fix.sendmail, fix.postfix, fix.dovecot])
        assert.ok(text.length > 5, text);
    });
  }
});

/** `npm publish` refuses a package that does not say where it comes from. No registry is asked. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../examples/haraka-directory';
import { makeFolder } from '../../testkit/folder';

const script = path.join(checkout, 'scripts', 'check-publish.js');
const complete = {
  repository: { type: 'git', url: 'git+https://git.example.org/mail/smtpcheck.git' },
  bugs: { url: 'https://git.example.org/mail/smtpcheck/issues' },
  homepage: 'https://git.example.org/mail/smtpcheck#readme',
  author: 'Some Body <somebody@example.org>',
};

function check(packageJson: object) {
  const folder = makeFolder({ 'package.json': JSON.stringify(packageJson) });
  return spawnSync(process.execPath, [script], { cwd: folder.path, encoding: 'utf8' });
}

describe('npm publish', () => {
  it('runs the check before it packs', () => {
    const { scripts } = JSON.parse(fs.readFileSync(path.join(checkout, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    assert.equal(scripts.prepublishOnly, 'node scripts/check-publish.js');
  });

  it('goes on where all is set', () => {
    const { status, stdout, stderr } = check(complete);
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
    assert.equal(check({ ...complete, author: { name: 'Some Body' } }).status, 0);
  });

  for (const [name, without] of [
    ['repository.url', { ...complete, repository: undefined }],
    ['bugs.url', { ...complete, bugs: undefined }],
    ['homepage', { ...complete, homepage: '' }],
    ['author', { ...complete, author: ' ' }],
    ['repository.url', { ...complete, repository: { type: 'git', url: '../smtpcheck' } }],
  ] as const) {
    it(`stops where ${name} is ${name in without ? 'empty' : 'missing or no address'}, and says how to set it`, () => {
      const { status, stderr } = check(without);
      assert.equal(status, 1);
      assert.match(stderr, new RegExp(`^Not published: package\\.json has no ${name}\\. Set it there`));
      assert.match(stderr, new RegExp(`npm pkg set '${name}=`));
    });
  }

  it('names all that is missing at once, and what it proposes is not taken for an answer', () => {
    const { status, stderr } = check({});
    assert.equal(status, 1);
    assert.match(stderr, /no repository\.url, bugs\.url, homepage, author\./);
  });
});

/** docs/guides/trusted-clients.md: each section is a folder whose lists load, whose expectations hold, and whose commands print what is shown. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../examples/haraka-directory';
import { emptyLists, type Folder, makeFolder } from '../../testkit/folder';
import { smtpcheck } from '../cli/command';

const page = fs.readFileSync(path.join(checkout, 'docs', 'guides', 'trusted-clients.md'), 'utf8');

interface Block {
  readonly name: string;
  readonly text: string;
}

const sections = page
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    heading: section.slice(0, section.indexOf('\n')),
    blocks: [...section.matchAll(/^```(\S+)\n([\s\S]*?)^```$/gm)].map(
      ([, name = '', text = '']): Block => ({ name, text }),
    ),
  }))
  .filter(({ blocks }) => blocks.length > 0);

function folderOf(blocks: readonly Block[]): Folder {
  const files = {
    ...emptyLists,
    me: 'mx.local.example\n',
    plugins: 'smtpcheck\nrcpt_to.in_host_list\nqueue/lmtp\n',
    host_list: 'dept.example\n',
    ...Object.fromEntries(blocks.filter(({ name }) => name !== 'console').map(({ name, text }) => [name, text])),
  };
  return makeFolder(Object.fromEntries(Object.entries(files).map(([name, text]) => [`config/${name}`, text])));
}

describe('docs/guides/trusted-clients.md', () => {
  const { TZ: zone } = process.env;
  before(() => {
    process.env.TZ = 'UTC';
  });
  after(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it('has a recipe for each kind of client', () => assert.equal(sections.length, 6));

  for (const { heading, blocks } of sections) {
    it(`holds what it promises: ${heading}`, async () => {
      const { path: cwd } = folderOf(blocks);
      const lint = await smtpcheck(['lint', '--errors-only'], { cwd });
      assert.deepEqual([lint.stdout, lint.code], ['', 0]);
      if (blocks.some(({ name }) => name === 'smtpcheck.test')) {
        const tested = await smtpcheck(['test'], { cwd });
        assert.deepEqual([tested.stdout, tested.code], ['', 0]);
      }
      for (const { text } of blocks.filter(({ name }) => name === 'console')) {
        const [command = '', ...printed] = text.split('\n');
        const { stdout } = await smtpcheck(command.slice('$ smtpcheck '.length).split(' '), { cwd });
        assert.equal(stdout, printed.join('\n'));
      }
    });
  }
});

/** `docs/reference/cli-diff.md`: the example prints what it shows, and every option and field of JSON is there. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../../examples/haraka-directory';
import { makeFolder } from '../../../testkit/folder';
import { smtpcheck } from '../command';

const page = fs.readFileSync(path.join(checkout, 'docs', 'reference', 'cli-diff.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => ({ name, text }));

describe('docs/reference/cli-diff.md', () => {
  const files = blocks.filter(({ name }) => name !== 'console');
  const folder = makeFolder({
    'old/config/plugins': 'smtpcheck\n',
    'new/config/plugins': 'smtpcheck\n',
    ...Object.fromEntries(files.map(({ name, text }) => [name.replace('/', '/config/'), text])),
  });

  it('shows what the command prints', async () => {
    const [session] = blocks.filter(({ name }) => name === 'console');
    const [command = '', ...printed] = session?.text.split('\n') ?? [];
    const { stdout } = await smtpcheck(command.slice('$ smtpcheck '.length).split(' '), { cwd: folder.path });
    assert.equal(stdout, printed.join('\n'));
  });

  it('names every option, and every field of the JSON', async () => {
    const { stdout: help } = await smtpcheck(['diff', '--help']);
    for (const [, option = ''] of help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)) {
      if (option !== '--help') assert.ok(page.includes(option), option);
    }
    const { stdout } = await smtpcheck(['diff', 'old', 'new', '--json'], { cwd: folder.path });
    const { changes } = JSON.parse(stdout) as { changes: readonly object[] };
    for (const field of Object.keys(changes[0] ?? {})) assert.ok(page.includes(`\`${field}\``), field);
  });
});

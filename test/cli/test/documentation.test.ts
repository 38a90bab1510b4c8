/** `docs/reference/cli-test.md`: the example prints what it shows, and every option and field of JSON is there. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../../examples/haraka-directory';
import { makeFolder } from '../../../testkit/folder';
import { smtpcheck } from '../command';

const page = fs.readFileSync(path.join(checkout, 'docs', 'reference', 'cli-test.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)].map(([, name = '', text = '']) => ({ name, text }));

describe('docs/reference/cli-test.md', () => {
  const files = blocks.filter(({ name }) => name !== 'console' && name !== 'text');
  const folder = makeFolder({
    'config/plugins': 'smtpcheck\nrcpt_to.in_host_list\n',
    'config/host_list': 'dept.example\n',
    ...Object.fromEntries(files.map(({ name, text }) => [`config/${name}`, text])),
  });

  it('shows what the command prints', async () => {
    const [session] = blocks.filter(({ name }) => name === 'console');
    const [command = '', ...printed] = session?.text.split('\n') ?? [];
    const { stdout } = await smtpcheck(command.slice('$ smtpcheck '.length).split(' '), { cwd: folder.path });
    assert.equal(stdout, printed.join('\n'));
  });

  it('names every option, and every field of the JSON', async () => {
    const { stdout: help } = await smtpcheck(['test', '--help']);
    for (const [, option = ''] of help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)) {
      if (option !== '--help') assert.ok(page.includes(option), option);
    }
    const { stdout } = await smtpcheck(['test', '--json'], { cwd: folder.path });
    const { expectations } = JSON.parse(stdout) as { expectations: readonly object[] };
    for (const field of Object.keys(expectations[0] ?? {})) assert.ok(page.includes(`\`${field}\``), field);
  });
});

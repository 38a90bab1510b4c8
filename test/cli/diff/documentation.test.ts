import { makeFolder } from '../../../testkit/folder';
import { smtpcheck } from '../command';
import { ReferencePage } from '../reference-page';

const page = new ReferencePage('docs/reference/cli-diff.md');

describe(page.file, () => {
  const files = page.blocks.filter(({ name }) => name !== 'console');
  const { path: cwd } = makeFolder({
    'old/config/plugins': 'smtpcheck\n',
    'new/config/plugins': 'smtpcheck\n',
    ...Object.fromEntries(files.map(({ name, text }) => [name.replace('/', '/config/'), text])),
  });

  it('shows what the command prints', () => page.assertExample(cwd));

  it('names every option, and every field of the JSON', async () => {
    await page.assertOptions('diff');
    const { stdout } = await smtpcheck(['diff', 'old', 'new', '--json'], { cwd });
    const { changes } = JSON.parse(stdout) as { changes: readonly object[] };
    page.assertFields(changes[0] ?? {});
  });
});

import { makeFolder } from '../../../testkit/folder';
import { smtpcheck } from '../command';
import { ReferencePage } from '../reference-page';

const page = new ReferencePage('docs/reference/cli-test.md');

describe(page.file, () => {
  const files = page.blocks.filter(({ name }) => name !== 'console' && name !== 'text');
  const { path: cwd } = makeFolder({
    'config/plugins': 'smtpcheck\nrcpt_to.in_host_list\n',
    'config/host_list': 'dept.example\n',
    ...Object.fromEntries(files.map(({ name, text }) => [`config/${name}`, text])),
  });

  it('shows what the command prints', () => page.assertExample(cwd));

  it('names every option, and every field of the JSON', async () => {
    await page.assertOptions('test');
    const { stdout } = await smtpcheck(['test', '--json'], { cwd });
    const { expectations } = JSON.parse(stdout) as { expectations: readonly object[] };
    page.assertFields(expectations[0] ?? {});
  });
});

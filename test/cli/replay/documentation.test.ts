import { undeterminedReasons } from '../../../src/cli/replay/verdict';
import { makeFolder } from '../../../testkit/folder';
import { smtpcheck } from '../command';
import { ReferencePage } from '../reference-page';

const page = new ReferencePage('docs/reference/cli-replay.md');

describe(page.file, () => {
  const files = page.blocks.filter(({ name }) => name !== 'console');
  const { path: cwd } = makeFolder({
    'new/config/plugins': 'smtpcheck\n',
    ...Object.fromEntries(files.map(({ name, text }) => [name.replace('/', '/config/'), text])),
  });

  it('shows what the command prints', () => page.assertExample(cwd));

  it('names every option, every reason, and every field of the JSON', async () => {
    await page.assertOptions('replay');
    for (const reason of Object.keys(undeterminedReasons)) page.assertFields({ [reason]: true });
    const { stdout } = await smtpcheck(['replay', 'haraka.log', '-c', 'new', '--json'], { cwd });
    const { changes, undetermined, ...report } = JSON.parse(stdout) as { changes: object[]; undetermined: object[] };
    page.assertFields({ ...report, 'changes[]': changes, 'undetermined[]': undetermined });
    const { example = {}, ...group } = (changes[0] ?? {}) as { readonly example?: object };
    for (const field of Object.keys(group)) page.assertNames([`changes[].${field}`, `.${field}`]);
    page.assertFields(example);
  });
});

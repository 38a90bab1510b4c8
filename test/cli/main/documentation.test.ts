/** `docs/reference/cli.md`: every console block is what the command prints in a folder with the files that the page shows. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../../examples/haraka-directory';
import { type Folder, makeFolder } from '../../../testkit/folder';
import { smtpcheck } from '../command';

const page = fs.readFileSync(path.join(checkout, 'docs', 'reference', 'cli.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}));
const sessions = blocks.filter(({ language }) => language === 'console');
const files = blocks.filter(({ language }) => language !== 'console');

describe('docs/reference/cli.md', () => {
  let folder: Folder;
  before(() => {
    folder = makeFolder({
      'config/plugins': 'smtpcheck\nrcpt_to.in_host_list\nqueue/lmtp\n',
      'config/host_list': 'local.example\n',
      'config/me': 'mx.local.example\n',
      'config/relay.map': '',
      'fresh/config/plugins': '# MAIL FROM\nmail_from.is_resolvable\nqueue/smtp_forward\n',
    });
    for (const { language, text } of files) {
      folder.write(/^access$|\.log$/.test(language) ? language : `config/${language}`, text);
    }
    fs.chmodSync(folder.file('config'), 0o755);
  });

  it('shows files and sessions alone', () => {
    assert.deepEqual(
      files.map(({ language }) => language),
      ['localip', 'localdomain', 'relay.to', 'host.deny', 'haraka.log', 'access'],
    );
    assert.ok(sessions.length >= 6);
  });

  for (const { text } of sessions) {
    const [command = '', ...printed] = text.split('\n');
    it(`runs ${command}`, async () => {
      assert.ok(command.startsWith('$ smtpcheck '), command);
      const { stdout, stderr, code } = await smtpcheck(command.slice('$ smtpcheck '.length).split(' '), {
        cwd: folder.path,
      });
      assert.equal(stdout, printed.join('\n'), stderr);
      assert.ok(code === 0 || code === 1);
    });
  }

  it('names every option of lint, explain, why and init, and every field of their JSON', async () => {
    for (const name of ['lint', 'explain', 'why', 'init']) {
      const section = page.split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? '';
      const { stdout } = await smtpcheck([name, '--help']);
      const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option = '']) => option);
      for (const option of options.filter((o) => o !== '--help'))
        assert.ok(section.includes(option), `${name} ${option}`);
    }
    const json = async (...args: readonly string[]) =>
      JSON.parse((await smtpcheck([...args, '--json'], { cwd: folder.path })).stdout) as Record<string, unknown>;
    const mail = ['--ip', '198.51.100.7', '--no-dns', '--to', 'a@x.example'];
    for (const [name, document] of [
      ['lint', await json('lint')],
      ['explain', await json('explain', ...mail)],
      ['why', await json('why', 'dept.example', '--log', 'haraka.log')],
      ['init', await json('init', '--dry-run', 'fresh')],
    ] as const) {
      const section = page.split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? '';
      for (const field of fieldsOf(document))
        assert.match(section, new RegExp(`^\\|.*[\`.]${field}[\`.[]`, 'm'), field);
    }
  });
});

/** The names of all fields of a document; those of `at` and `reply` among them. */
function fieldsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap(fieldsOf))];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (name === 'at' ? [name] : [name, ...fieldsOf(inner)]));
}

/** Whether lint sees that local recipients are known: which of our domains there are, and who accepts their mailboxes. */
import assert from 'node:assert/strict';
import { emptyLists, makeFolder } from '../../../testkit/folder';
import { linesOf } from './fixture';

interface KnownCase {
  readonly name: string;
  readonly plugins: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Which files it is found in. */
  readonly found: readonly ('host_list' | 'plugins')[];
}

const ours = { host_list: 'local.example\n' };

const cases: readonly KnownCase[] = [
  { name: 'host_list and rcpt_to.in_host_list', plugins: 'smtpcheck\nrcpt_to.in_host_list', files: ours, found: [] },
  {
    name: 'host_list_regex and rcpt_to.in_host_list',
    plugins: 'smtpcheck\nrcpt_to.in_host_list',
    files: { host_list_regex: '(.*\\.)?local\\.example\n' },
    found: [],
  },
  { name: 'neither file', plugins: 'smtpcheck\nrcpt_to.in_host_list', found: ['host_list'] },
  {
    name: 'two files of comments',
    plugins: 'smtpcheck\nrcpt_to.in_host_list',
    files: { host_list: '# ours\n\n', host_list_regex: '; none\n' },
    found: ['host_list'],
  },
  { name: 'host_list and no plugin', plugins: 'smtpcheck\ntls', files: ours, found: ['plugins'] },
  {
    name: 'host_list and a plugin in a comment',
    plugins: 'smtpcheck\n# rcpt_to.in_host_list',
    files: ours,
    found: ['plugins'],
  },
  { name: 'nothing', plugins: 'smtpcheck', found: ['host_list', 'plugins'] },
  { name: 'the relay plugin loaded alone', plugins: 'smtpcheck/plugins/relay', found: ['host_list', 'plugins'] },
  { name: 'the relay plugin not loaded', plugins: 'smtpcheck/plugins/deny\nsmtpcheck/plugins/helo', found: [] },
  {
    name: 'local_delivery=false',
    plugins: 'smtpcheck',
    files: { 'smtpcheck.ini': '[relay]\nlocal_delivery=false\n' },
    found: [],
  },
  { name: 'qmail-deliverable', plugins: 'smtpcheck\nharaka-plugin-qmail-deliverable', files: ours, found: [] },
  {
    name: 'queue/smtp_forward with check_recipient',
    plugins: 'smtpcheck\nqueue/smtp_forward',
    files: { ...ours, 'smtp_forward.ini': 'check_recipient=true\n' },
    found: [],
  },
  {
    name: 'queue/smtp_forward without it',
    plugins: 'smtpcheck\nqueue/smtp_forward',
    files: { ...ours, 'smtp_forward.ini': ';check_recipient=true\n' },
    found: ['plugins'],
  },
];

describe('smtpcheck lint, of local recipients', () => {
  for (const { name, plugins, files = {}, found } of cases) {
    it(`finds ${found.length > 0 ? `${found.join(' and ')} wanting` : 'nothing'} with ${name}`, async () => {
      const config = { ...emptyLists, ...files, plugins: `${plugins}\nqueue/lmtp\n` };
      const folder = makeFolder(
        Object.fromEntries(Object.entries(config).map(([file, text]) => [`config/${file}`, text])),
      );
      const unknown = (await linesOf(folder)).filter((line) => line.endsWith('local-recipients-unknown'));
      assert.deepEqual(
        unknown,
        found.map((file) => `${file}:1 error local-recipients-unknown`),
      );
    });
  }

  const own = (source: string) => {
    const folder = makeFolder({
      'config/plugins': 'smtpcheck\nour_users\nqueue/lmtp\n',
      'config/host_list': 'local.example\n',
      'plugins/our_users.js': source,
    });
    return linesOf(folder).then((lines) => lines.filter((line) => line.endsWith('local-recipients-unknown')));
  };

  it('takes the word of a plugin of the folder that answers OK at rcpt', async () => {
    assert.deepEqual(
      await own('exports.hook_rcpt = (next, connection, [to]) => next(to.user === "a" ? OK : DENY);\n'),
      [],
    );
    assert.deepEqual(
      await own(
        'exports.register = function () { this.register_hook("rcpt", "known"); };\nexports.known = (next) => next(OK);\n',
      ),
      [],
    );
    const deny = 'exports.hook_rcpt = (next, connection, [to]) => next(to.user === "a" ? DENY : undefined);\n';
    assert.deepEqual(await own(deny), ['plugins:1 error local-recipients-unknown']);
  });
});

/** The command as a process, in folders made here; `test/live/installation/init.test.ts` has those that Haraka makes. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../../examples/haraka-directory';
import { type Folder, makeFolder } from '../../../testkit/folder';
import { smtpcheck } from '../command';
import { contentsOf } from './contents';

const lists = ['localip', 'localdomain', 'relay.to', 'relay.map', 'host.deny'];
const files = ['config/smtpcheck.ini', ...lists.map((name) => `config/${name}`), 'docs/plugins/smtpcheck.md'];

function site(files: Readonly<Record<string, string>> = {}): Folder {
  return makeFolder({
    'config/plugins': '# ours\ntls\nqueue/lmtp\n',
    // As `haraka -i` leaves it: the name of the host.
    'config/host_list': 'mx.local.example\n',
    'config/smtp.ini': 'listen=127.0.0.1:25\n',
    ...files,
  });
}

describe('smtpcheck init', () => {
  it('creates lists, settings and help, adds the line, and says so', async () => {
    const folder = site();
    const before = contentsOf(folder.path);
    const ran = await smtpcheck(['init', folder.path]);
    assert.equal(ran.code, 0);
    assert.equal(
      ran.stdout,
      `${files.map((file) => `create ${file}\n`).join('')}add smtpcheck to config/plugins as line 2\n`,
    );
    assert.equal(
      ran.stderr,
      `not installed there yet: cd ${folder.path} && npm install haraka-plugin-smtpcheck\nnext: cd ${folder.path} && npx smtpcheck lint\n`,
    );
    const after = contentsOf(folder.path);
    const modelOf = (file: string) => path.join(checkout, file.replace(/^docs\//, 'docs/reference/'));
    for (const file of files) assert.equal(after[file], fs.readFileSync(modelOf(file), 'latin1'), file);
    assert.equal(after['config/plugins'], '# ours\nsmtpcheck\ntls\nqueue/lmtp\n');
    assert.deepEqual(Object.keys(after).sort(), [...Object.keys(before), ...files].sort());
    assert.equal(after['config/smtp.ini'], before['config/smtp.ini']);
  });

  it('changes nothing the second time', async () => {
    const folder = site();
    await smtpcheck(['init', folder.path]);
    const before = contentsOf(folder.path);
    const { code, stdout } = await smtpcheck(['init', '.'], { cwd: folder.path });
    assert.equal(code, 0);
    assert.equal(stdout, 'everything is there already\n');
    assert.deepEqual(contentsOf(folder.path), before);
  });

  it('leaves a folder that lint finds nothing wrong in', async () => {
    const folder = site({ 'config/plugins': 'tls\nrcpt_to.in_host_list\nqueue/lmtp\n' });
    await smtpcheck(['init', folder.path]);
    fs.chmodSync(folder.file('config'), 0o755);
    const { code, stdout } = await smtpcheck(['lint'], { cwd: folder.path });
    assert.equal(code, 0, stdout);
  });

  it('says so where no local domain is named yet', async () => {
    const hint = 'config/host_list names no domain yet: write those there whose mail this host delivers itself\n';
    for (const [files, said] of [
      [{ 'config/host_list': '# none\n' }, hint],
      [{ 'config/host_list': '', 'config/host_list_regex': '(.*\\.)?local\\.example\n' }, ''],
      [{ 'config/host_list': '', 'config/smtpcheck.ini': '[relay]\nlocal_delivery=false\n' }, ''],
      [{}, ''],
    ] as const) {
      const folder = site({ 'node_modules/haraka-plugin-smtpcheck/package.json': '{}', ...files });
      const { code, stderr } = await smtpcheck(['init', folder.path]);
      assert.equal(code, 0);
      assert.equal(stderr, `${said}next: cd ${folder.path} && npx smtpcheck lint\n`);
    }
  });

  it('keeps what is there, byte for byte', async () => {
    const folder = site({ 'config/localip': '192.0.2.1 # ours', 'docs/plugins/smtpcheck.md': 'our own words\n' });
    folder.write('config/plugins', Buffer.from('# caf\xe9 \r\ntls\r\nqueue/lmtp', 'latin1'));
    fs.chmodSync(folder.file('config/plugins'), 0o640);
    await smtpcheck(['init', folder.path]);
    const after = contentsOf(folder.path);
    assert.equal(after['config/localip'], '192.0.2.1 # ours');
    assert.equal(after['docs/plugins/smtpcheck.md'], 'our own words\n');
    assert.equal(after['config/plugins'], '# caf\xe9 \r\nsmtpcheck\r\ntls\r\nqueue/lmtp');
    assert.equal(fs.statSync(folder.file('config/plugins')).mode & 0o777, 0o640);
    assert.deepEqual(
      fs.readdirSync(folder.file('config')).filter((name) => name.includes('plugins')),
      ['plugins'],
    );
  });

  it('adds no line where a plugin of the suite is loaded, in whatever way', async () => {
    for (const line of ['smtpcheck', 'haraka-plugin-smtpcheck', 'smtpcheck/plugins/relay']) {
      const folder = site({ 'config/plugins': `tls\n${line}\n` });
      const { stdout } = await smtpcheck(['init', folder.path]);
      assert.doesNotMatch(stdout, /plugins as line/);
      assert.equal(contentsOf(folder.path)['config/plugins'], `tls\n${line}\n`);
    }
    const commented = site({ 'config/plugins': '# smtpcheck\ntls\n' });
    await smtpcheck(['init', commented.path]);
    assert.equal(contentsOf(commented.path)['config/plugins'], '# smtpcheck\nsmtpcheck\ntls\n');
  });

  it('creates the lists that the settings name, and not those they do without', async () => {
    const folder = site({ 'config/smtpcheck.ini': '[relay]\nlocal_ip=our/networks\nlocal_domain=\n' });
    await smtpcheck(['init', folder.path]);
    const after = contentsOf(folder.path);
    assert.equal(after['config/our/networks'], fs.readFileSync(path.join(checkout, 'config/localip'), 'latin1'));
    assert.equal(after['config/localip'], undefined);
    assert.equal(after['config/localdomain'], undefined);
    assert.equal(after['config/smtpcheck.ini'], '[relay]\nlocal_ip=our/networks\nlocal_domain=\n');
  });

  it('writes through a link to the file behind it', async () => {
    const folder = site({ 'managed/plugins': 'tls\n' });
    folder.remove('config/plugins');
    fs.symlinkSync('../managed/plugins', folder.file('config/plugins'));
    await smtpcheck(['init', folder.path]);
    assert.ok(fs.lstatSync(folder.file('config/plugins')).isSymbolicLink());
    assert.equal(fs.readFileSync(folder.file('managed/plugins'), 'utf8'), 'smtpcheck\ntls\n');
  });

  it('does nothing with --dry-run, and says what it would do', async () => {
    const folder = site();
    const before = contentsOf(folder.path);
    const { code, stdout } = await smtpcheck(['init', '--dry-run', folder.path]);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^would create config\/smtpcheck\.ini\n[\s\S]*would add smtpcheck to config\/plugins as line 2\n$/,
    );
    assert.deepEqual(contentsOf(folder.path), before);
  });

  it('says it as JSON', async () => {
    const folder = site({ 'node_modules/haraka-plugin-smtpcheck/package.json': '{}' });
    const { stdout, stderr } = await smtpcheck(['init', '--json', folder.path]);
    assert.deepEqual(JSON.parse(stdout), {
      version: 1,
      folder: folder.path,
      dryRun: false,
      steps: [
        ...files.map((file) => ({ action: 'create', file })),
        { action: 'add-line', file: 'config/plugins', line: 2 },
      ],
      installed: true,
    });
    assert.equal(stderr, `next: cd ${folder.path} && npx smtpcheck lint\n`);
    const again = JSON.parse((await smtpcheck(['init', '--json', folder.path])).stdout) as { steps: unknown };
    assert.deepEqual(again.steps, []);
  });

  it('exits 2 where there is no Haraka folder, or where it cannot write', async () => {
    const empty = makeFolder();
    const noPlugins = makeFolder({ 'config/smtpcheck.ini': '' });
    const blocked = site({ docs: 'a file where a folder should be' });
    for (const [args, message] of [
      [['init'], /missing required argument 'DIR'/],
      [['init', empty.path], /no Haraka folder there/],
      [['init', noPlugins.path], /has no plugins file/],
    ] as const) {
      const { code, stdout, stderr } = await smtpcheck(args);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, message);
    }
    // What was done before is told, and config/plugins, which comes last, is as it was.
    const { code, stdout, stderr } = await smtpcheck(['init', blocked.path]);
    assert.equal(code, 2);
    assert.equal(
      stdout,
      files
        .slice(0, -1)
        .map((file) => `create ${file}\n`)
        .join(''),
    );
    assert.match(stderr, /^smtpcheck: docs\/plugins\/smtpcheck\.md: (?:ENOTDIR|EEXIST)/);
    assert.equal(contentsOf(blocked.path)['config/plugins'], '# ours\ntls\nqueue/lmtp\n');
  });
});

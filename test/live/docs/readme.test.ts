/** What README.md shows: its example is run, and each output in it is what the suite prints. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { checkout, harakaPackage } from '../../../examples/haraka-directory';
import { type Folder, makeFolder } from '../../../testkit/folder';
import { startDns } from '../../../testkit/live/dns';
import { startHaraka } from '../../../testkit/live/haraka';
import { connectBehindProxy } from '../../../testkit/live/proxied';
import { rcpt } from '../../../testkit/live/talk';
import { program, smtpcheck } from '../../cli/command';

const page = fs.readFileSync(path.join(checkout, 'README.md'), 'utf8');
const files = Object.fromEntries(
  [...page.matchAll(/^`config\/([\w.]+)`\n\n```\n(.*?)^```$/gms)].map(([, name = '', text = '']) => [name, text]),
);
const client = '133.9.12.66';
const recipient = 'user@elsewhere.example';

/** The example as a folder, with the name of its host. */
function example(changes: Readonly<Record<string, string>> = {}): Folder {
  const config = { ...files, me: 'mx.dept.example.ac.jp\n', ...changes };
  const folder = makeFolder(Object.fromEntries(Object.entries(config).map(([name, text]) => [`config/${name}`, text])));
  fs.chmodSync(folder.file('config'), 0o755);
  for (const name of Object.keys(config)) fs.chmodSync(folder.file(`config/${name}`), 0o644);
  return folder;
}

/** A console block of the page: the arguments of the command, and what it prints. */
function sessionOf(command: string): { readonly args: readonly string[]; readonly printed: string } {
  const [, line = '', printed = ''] =
    new RegExp(`^\`\`\`console\\n\\$ npx smtpcheck (${command}.*)\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page) ??
    assert.fail(`no example of ${command}`);
  return { args: line.split(' '), printed };
}

describe('README.md', () => {
  it('installs in five lines, after which lint finds nothing', async () => {
    const [, lines = ''] = /^## Install$[\s\S]*?^```sh\n([\s\S]*?)^```$/m.exec(page) ?? [];
    assert.equal(lines.trimEnd().split('\n').length, 5);
    const folder = makeFolder({
      'config/plugins': 'rcpt_to.in_host_list\nqueue/lmtp\n',
      'config/host_list': 'mx.dept.example.ac.jp\n',
    });
    fs.chmodSync(folder.file('config'), 0o755);
    // No registry is asked: the package is the checkout.
    const stubs = `npm() { test "$*" = 'install haraka-plugin-smtpcheck' && mkdir node_modules && ln -s '${checkout}' node_modules/haraka-plugin-smtpcheck; }
      npx() { shift; '${process.execPath}' '${program}' "$@"; }`;
    const { stdout } = await promisify(execFile)('sh', ['-ec', `umask 022\n${stubs}\n${lines}`], { cwd: folder.path });
    assert.match(stdout, /^create config\/localip$/m);
    assert.match(stdout, /^add smtpcheck to config\/plugins as line 1\n$/m);
    const read = (name: string) => fs.readFileSync(folder.file(`config/${name}`), 'utf8');
    assert.match(read('localip'), /\n133\.9\.12\n$/);
    assert.equal(read('host_list'), 'mx.dept.example.ac.jp\ndept.example.ac.jp\n');
  });

  it('has an example in which lint finds nothing', async () => {
    const { code, stdout } = await smtpcheck(['lint'], { cwd: example().path });
    assert.equal(stdout, '');
    assert.equal(code, 0);
  });

  it('shows what lint says of the slip that it names', async () => {
    const [, slip = ''] = /with the line `([^`]+)` added to `localip`/.exec(page) ?? [];
    const { args, printed } = sessionOf('lint');
    const folder = example({ localip: `${files.localip}${slip}\n` });
    assert.equal((await smtpcheck(args, { cwd: folder.path })).stdout, printed);
  });

  it('shows what explain says of the example', async () => {
    const { args, printed } = sessionOf('explain');
    assert.deepEqual(args, ['explain', '--ip', client, '--no-dns', '--to', recipient]);
    assert.equal((await smtpcheck(args, { cwd: example().path })).stdout, printed);
  });

  it('has expectations that hold', async () => {
    const { code, stdout, stderr } = await smtpcheck(['test'], { cwd: example().path });
    assert.deepEqual([code, stdout], [0, ''], stderr);
  });

  it('shows what diff says of the edit that it names', async () => {
    const [, taken = ''] = /With the line `([^`]+)` taken out/.exec(page) ?? [];
    const { args, printed } = sessionOf('diff');
    const folder = example();
    const git = (...words: readonly string[]) =>
      execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.org', ...words], {
        cwd: folder.path,
      });
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '-m', 'before');
    const rest = (files.localip ?? '').split('\n').filter((line) => !line.startsWith(taken));
    folder.write('config/localip', rest.join('\n'));
    assert.equal((await smtpcheck(args, { cwd: folder.path })).stdout, printed);
  });

  it('shows the reply and the log line of a refusal', async () => {
    const [, reply = '', line = ''] = /^```text\n(550 .*)\n\n?(.*smtpcheck.*)\n```$/m.exec(page) ?? [];
    // The harness has plugins of its own besides.
    const { plugins: _, ...config } = files;
    const shipped = fs.readFileSync(path.join(harakaPackage('3.3'), 'config', 'connection.ini'), 'utf8');
    const name = 'printer.dept.example.ac.jp';
    const dns = await startDns({ [client]: [name], [name]: { A: [client] } });
    const haraka = await startHaraka({
      dns: dns.port,
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
      files: { ...config, 'connection.ini': shipped.replace(/^hosts\[\] *=.*$/m, 'hosts[] = 127.0.0.1') },
    });
    try {
      const session = await connectBehindProxy({ port: haraka.port, client });
      await session.command(`EHLO ${name}`);
      await session.command('MAIL FROM:<printer@dept.example.ac.jp>');
      assert.equal(await rcpt(session, recipient), reply);
      session.destroy();
      const logged = await haraka.waitForLog(/smtpcheck refuse/);
      const comparable = (text: string) => text.replace(/[0-9A-F]{8}-[0-9A-F-]{27}(?:\.\d+)?/, 'ID');
      assert.equal(comparable(logged), comparable(line), logged);
    } finally {
      await haraka.stop();
      await dns.stop();
    }
  });
});

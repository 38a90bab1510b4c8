/** docs/guides/operations.md: its log lines are logged, its settings are read, its commands do what it says. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { checkout } from '../../../examples/haraka-directory';
import { describeFinding } from '../../../src/policy/findings/finding-text';
import { parseSettings } from '../../../src/policy/settings/settings';
import { makeFolder } from '../../../testkit/folder';
import { startDns } from '../../../testkit/live/dns';
import { startHaraka } from '../../../testkit/live/haraka';
import { askFor, deliver, eventually } from '../../../testkit/live/talk';
import { program } from '../../cli/command';

const page = fs.readFileSync(path.join(checkout, 'docs', 'guides', 'operations.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);
const sectionOf = (heading: string) => page.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';

/** The source of everything that runs in Haraka. */
const source = ['src/policy', 'src/host', 'src/lists', 'src/dns', 'plugins']
  .flatMap((folder) => fs.readdirSync(path.join(checkout, folder), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
  .join('\n');

/** The method of the log that is called nearest to a place in the source. */
function logMethodNear(index: number): string | undefined {
  const calls = [...source.matchAll(/\.log(error|warn|notice|info)\(/g)];
  const distance = ({ index: at }: RegExpExecArray) => Math.abs(at - index);
  return calls.sort((a, b) => distance(a) - distance(b))[0]?.[1];
}

describe('docs/guides/operations.md', () => {
  const alerts = [...sectionOf('What to alert on').matchAll(/^\| (CRIT|ERROR|WARN|NOTICE) \| `([^`]+)` \|/gm)];

  it('has lines to alert on', () => assert.ok(alerts.length >= 10));

  for (const [, level = '', text = ''] of alerts) {
    it(`names a line that is logged: ${text}`, () => {
      const index = source.indexOf(text);
      assert.ok(index >= 0, text);
      // The report of a start that fails is thrown, and Haraka logs it.
      if (level !== 'CRIT') assert.equal(logMethodNear(index), level.toLowerCase());
    });
  }

  it('names rules that there are', () => {
    for (const rule of page.match(/(?<=`)(?:client|relay|list)-[a-z-]+(?=`)/g) ?? []) {
      assert.ok(source.includes(`'${rule}'`), rule);
    }
  });

  it('shows settings that are read', () => {
    const shown = blocks('smtpcheck\\.ini');
    assert.ok(shown.length >= 2);
    for (const text of shown) {
      assert.deepEqual(parseSettings('smtpcheck.ini', text).findings.map(describeFinding), []);
    }
  });

  it('shows the JSON of a refusal', async () => {
    const [line = ''] = blocks('json');
    const dns = await startDns({ '127.50.0.1': ['client.sender.example'] });
    const haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
      files: { 'log.ini': blocks('log\\.ini')[0] ?? '' },
      dns: dns.port,
    });
    try {
      await askFor(haraka, 'user@victim.example', { from: '127.50.0.1' });
      const logged = await haraka.waitForLog('"smtpcheck refuse"');
      const comparable = (text: string) => ({ ...(JSON.parse(text) as object), uuid: 'any' });
      assert.deepEqual(comparable(logged), comparable(line));
      assert.deepEqual(Object.keys(JSON.parse(logged) as object), Object.keys(JSON.parse(line) as object));
    } finally {
      await haraka.stop();
      await dns.stop();
    }
  });

  it('is right that Haraka writes nothing but its queue and what is below TMPDIR, in a cluster too', async () => {
    const temporary = makeFolder();
    const haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
      files: { 'relay.to': 'backup.example\n', 'host.deny': '203.0.113\n' },
      nodes: 2,
      env: { TMPDIR: temporary.path },
    });
    const written = () =>
      fs
        .readdirSync(haraka.directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !/\/(?:queue|node_modules)(?:\/|$)/.test(entry.parentPath))
        .map((entry) => path.join(entry.parentPath, entry.name))
        .map((file) => `${path.relative(haraka.directory, file)} ${fs.statSync(file).mtimeMs}`)
        .filter((line) => !line.startsWith('config/host.deny '));
    try {
      const before = written();
      assert.match(await deliver(haraka, ['user@backup.example'], 'kept'), /^250 /);
      haraka.remove('host.deny');
      await haraka.waitForLog('host.deny was deleted');
      await eventually(
        (files) => files.length > 0,
        async () => fs.readdirSync(temporary.path),
      );
      assert.deepEqual(written(), before);
    } finally {
      await haraka.stop();
    }
  });

  it('has commands for CI that pass where the policy is right, and fail where it is open, closed or not there', async () => {
    const commands = [...page.matchAll(/^ {6}- run: (npx smtpcheck (?:lint|explain) .*)$/gm)].map(
      ([, line = '']) => line,
    );
    assert.equal(commands.length, 3);
    const passes = async (files: Readonly<Record<string, string>>) => {
      const folder = makeFolder(files);
      if (fs.existsSync(folder.file('config'))) fs.chmodSync(folder.file('config'), 0o755);
      const codes: boolean[] = [];
      for (const command of commands) {
        const npx = `npx() { shift; '${process.execPath}' '${program}' "$@"; }`;
        const ran = promisify(execFile)('bash', ['-e', '-c', `${npx}\n${command}`], { cwd: folder.path });
        codes.push(
          await ran.then(
            () => true,
            () => false,
          ),
        );
      }
      return codes;
    };
    const site = {
      'config/plugins': 'smtpcheck\nrcpt_to.in_host_list\nqueue/lmtp\n',
      'config/host_list': 'local.example\n',
      'config/relay.to': 'backup.example\n',
      'config/host.deny': '# nobody\n',
    };
    assert.deepEqual(await passes(site), [true, true, true]);
    assert.deepEqual(await passes({ ...site, 'config/relay.to': 'victim.example\n' }), [true, false, false]);
    assert.deepEqual(await passes({ ...site, 'config/relay.to': 'victim\n@\n' }), [false, false, false]);
    assert.deepEqual(await passes({}), [false, false, false]);
  });
});

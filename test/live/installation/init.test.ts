/** `smtpcheck init` in the folder that `haraka -i` makes, and the server that it becomes. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { checkout, freePort, harakaProgram } from '../../../examples/haraka-directory';
import { type Folder, makeFolder } from '../../../testkit/folder';
import { askFor } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';
import { until } from '../../../testkit/until';
import { smtpcheck } from '../../cli/command';
import { contentsOf } from '../../cli/init/contents';

const run = promisify(execFile);

for (const version of versions) {
  describe(`smtpcheck init in a folder of Haraka ${version}`, () => {
    const program = harakaProgram(version);
    let folder: Folder;
    let fresh: Readonly<Record<string, string>>;

    before(async () => {
      folder = makeFolder();
      await run(process.execPath, [program, '-i', folder.path]);
      fresh = contentsOf(folder.path);
      folder.write('node_modules/.keep', '');
      fs.symlinkSync(checkout, folder.file('node_modules/haraka-plugin-smtpcheck'), 'dir');
    });

    it('adds its files and one line, and keeps everything else byte for byte', async () => {
      const { code, stderr } = await smtpcheck(['init', folder.path]);
      assert.equal(code, 0);
      assert.equal(stderr, `next: cd ${folder.path} && npx smtpcheck lint\n`);
      const { 'config/plugins': plugins = '', ...others } = fresh;
      const after = harakasOwn(folder);
      for (const [file, content] of Object.entries(others)) assert.equal(after[file], content, file);
      assert.equal((after['config/plugins'] ?? '').replace('smtpcheck\n', ''), plugins);
      const active = (after['config/plugins'] ?? '').split('\n').filter((line) => /^[^#\s]/.test(line));
      assert.equal(active[0], 'smtpcheck');
    });

    it('does nothing the second time', async () => {
      const before = harakasOwn(folder);
      assert.equal((await smtpcheck(['init', folder.path])).stdout, 'everything is there already\n');
      assert.deepEqual(harakasOwn(folder), before);
    });

    it('leaves the help that haraka -h shows', async () => {
      const { stdout } = await run(process.execPath, [program, '-c', folder.path, '-h', 'smtpcheck'], {
        env: { ...process.env, PAGER: 'cat' },
      });
      assert.equal(stdout, fs.readFileSync(path.join(checkout, 'docs/reference/plugins/smtpcheck.md'), 'utf8'));
    });

    it('leaves a folder with which the server starts, and refuses to relay', async () => {
      const port = await freePort();
      folder.write('config/smtp.ini', `listen=127.0.0.1:${port}\nnodes=0\n`);
      folder.write('config/host_list', 'local.example\n');
      // For a test alone: it ends with the test, and asks no DNS.
      const harness = path.join(checkout, 'testkit/live/plugins/harness.js');
      fs.copyFileSync(harness, folder.file('plugins/harness.js'));
      folder.write('config/plugins', `harness\n${fs.readFileSync(folder.file('config/plugins'), 'utf8')}`);
      const server = start(program, folder);
      try {
        await until('Haraka serves', () => server.output().includes('harness: serving') || server.ended());
        const visit = { mail: '' };
        assert.equal(
          await askFor({ port }, 'user@victim.example', visit),
          '550 5.7.1 Relaying denied',
          server.output(),
        );
        assert.equal(await askFor({ port }, 'user%victim.example@local.example', visit), '550 5.7.1 Relaying denied');
        assert.match(await askFor({ port }, 'user@local.example', visit), /^250 /);
      } finally {
        await server.stop();
      }
    });
  });
}

/** Without what the test put there. */
function harakasOwn(folder: Folder): Readonly<Record<string, string>> {
  const contents = Object.entries(contentsOf(folder.path));
  return Object.fromEntries(contents.filter(([file]) => !file.startsWith('node_modules/')));
}

function start(program: string, folder: Folder) {
  const child: ChildProcess = spawn(process.execPath, [program, '-c', folder.path], {
    cwd: folder.path,
    env: { ...process.env, SMTPCHECK_TEST_DNS: '9' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return {
    output: () => output,
    ended: () => child.exitCode !== null,
    stop: async () => {
      if (child.exitCode !== null) return;
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}

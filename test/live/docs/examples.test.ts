/** `npm start` and `npm run try`, as they are printed for a reader: each thing to try gets the reply that is promised. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { thingsToTry } from '../../../examples/department';
import { checkout, freePort } from '../../../examples/haraka-directory';
import { makeFolder } from '../../../testkit/folder';
import type { Decisions } from '../../../testkit/live/status-client';
import { eventually } from '../../../testkit/live/talk';
import { obeyed } from '../../../testkit/obeyed';

const run = promisify(execFile);
const script = (name: string) => path.join(checkout, 'scripts', name);

describe('npm start', () => {
  let port: number;
  let server: ChildProcess;
  let output = '';
  const directory = () => /\S*smtpcheck-haraka-\w+/.exec(output)?.[0] ?? '';

  before(async () => {
    port = await freePort();
    const ports = ['--port', String(port), '--status-port', String(await freePort())];
    server = spawn(process.execPath, [script('start.js'), '--no-build', ...ports]);
    const started = new Promise<void>((resolve, reject) => {
      const take = (text: string) => {
        output += text;
        if (output.includes('Ctrl-C')) resolve();
      };
      for (const stream of [server.stdout, server.stderr]) stream?.setEncoding('utf8').on('data', take);
      server.once('close', () => reject(new Error(output)));
    });
    await started;
  });
  after(() => {
    server.kill('SIGTERM');
  });

  for (const { what, arguments: given, reply } of thingsToTry) {
    it(`promises rightly: ${what}: ${reply}`, async () => {
      const { stdout } = await run(process.execPath, [script('try.js'), '--port', String(port), ...given]);
      const replies = stdout.split('\n').filter((line) => line.startsWith('S: '));
      assert.ok(
        replies.some((line) => line.startsWith(`S: ${reply}`)),
        stdout,
      );
      const refused = replies.some((line) => /^S: [45]/.test(line));
      assert.equal(refused, /^[45]/.test(reply), stdout);
    });
  }

  it('delivers here what the campus sends to one of us, and relays the other part of a mixed message alone', async () => {
    const filesIn = (folder: string) =>
      fs.readdirSync(path.join(directory(), folder)).filter((name) => !/^\./.test(name));
    const added = async (...given: readonly string[]) => {
      const before = new Set([...filesIn('messages'), ...filesIn('queue')]);
      await run(process.execPath, [script('try.js'), '--port', String(port), ...given]);
      const recipients = (folder: string) =>
        filesIn(folder)
          .filter((name) => !before.has(name))
          .flatMap(
            (name) =>
              fs.readFileSync(path.join(directory(), folder, name), 'latin1').match(/[\w]+@\w+\.example/g) ?? [],
          )
          .filter((address, i, all) => address !== 'someone@sender.example' && all.indexOf(address) === i);
      return { delivered: recipients('messages'), toGoOut: recipients('queue') };
    };
    const toUs = ['--to', 'someone@dept.example'];
    assert.deepEqual(await added('--from', '127.9.0.1', ...toUs), { delivered: ['someone@dept.example'], toGoOut: [] });
    const mixed = [...toUs, '--to', 'someone@backup.example'];
    assert.deepEqual(await added(...mixed), {
      delivered: ['someone@dept.example'],
      toGoOut: ['someone@backup.example'],
    });
  });

  it('has expectations that hold, by the command that it prints', async () => {
    const [, command = ''] = /^node (dist\S+ test -c \S+)$/m.exec(output) ?? assert.fail(output);
    const { stderr } = await run(process.execPath, command.split(' '), { cwd: checkout });
    assert.match(stderr, /^9 expectations hold, 0 do not\n$/);
  });

  it('says why it refused, by the command that it prints', async () => {
    const [, command = ''] = /^node (dist\S+ why \S+ -c \S+)$/m.exec(output) ?? assert.fail(output);
    const { stdout } = await run(process.execPath, command.split(' '), { cwd: checkout });
    assert.match(stdout, /^\S+ refuse relay-denied .*\n {2}relay\.to: the entry =elsewhere\.example would /m);
  });

  it('serves the page where it says, with what was decided', async () => {
    const [, url = ''] = /^ {2}page +(http:\S+\/smtpcheck\/)$/m.exec(output) ?? [];
    assert.match(await (await fetch(url)).text(), /<title>smtpcheck<\/title>/);
    const { decisions } = (await (await fetch(`${url}decisions.json`)).json()) as Decisions;
    assert.ok(decisions.some(({ reply }) => reply === '550 5.7.1 Relaying denied'));
  });

  it('keeps what was delivered and what would go out where it says', () => {
    assert.match(output, /delivered {2}.*messages\n/);
    assert.notDeepEqual(fs.readdirSync(path.join(directory(), 'messages')), []);
    assert.notDeepEqual(fs.readdirSync(path.join(directory(), 'queue')), []);
  });

  it('says so when the port is taken, before it builds anything', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port: other } = taken.address() as net.AddressInfo;
    const npm = fakeNpm();
    const refusal = run(process.execPath, [script('start.js'), '--port', String(other)], { env: npm.env });
    await assert.rejects(refusal, { code: 2, stdout: '', stderr: new RegExp(`^Port ${other} is taken .*\n$`) });
    assert.deepEqual(npm.calls(), [], 'nothing was built');
    taken.close();
  });

  it('serves mail without the page where its port is taken, and says so', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port: other } = taken.address() as net.AddressInfo;
    const given = ['--no-build', '--port', String(await freePort()), '--status-port', String(other)];
    const started = spawn(process.execPath, [script('start.js'), ...given]);
    let said = '';
    for (const stream of [started.stdout, started.stderr])
      stream.setEncoding('utf8').on('data', (text) => (said += text));
    await eventually(
      (text) => text.includes('Ctrl-C'),
      async () => said,
    );
    started.kill('SIGTERM');
    await once(started, 'close');
    taken.close();
    assert.match(said, new RegExp(`page +none, as port ${other} is taken: npm start -- --status-port \\d+\n`));
    assert.doesNotMatch(said, /cannot listen/);
  });

  it('builds first where the port is free, and says so where that fails', async () => {
    const npm = fakeNpm();
    const failure = run(process.execPath, [script('start.js'), '--port', String(await freePort())], { env: npm.env });
    await assert.rejects(failure, { code: 2, stderr: 'The suite could not be built.\n' });
    assert.deepEqual(npm.calls(), ['run --silent build']);
  });

  it('ends with the shell that npm runs it in, which is all that npm passes a signal to', async () => {
    const { scripts } = JSON.parse(fs.readFileSync(path.join(checkout, 'package.json'), 'utf8')) as {
      scripts: { start: string };
    };
    // As npm does it, without the builds: they would change what is being tested.
    const shell = spawn(
      'sh',
      ['-c', `${scripts.start} --no-build --port ${await freePort()} --status-port ${await freePort()}`],
      {
        cwd: checkout,
        detached: true,
      },
    );
    let said = '';
    for (const stream of [shell.stdout, shell.stderr]) stream?.setEncoding('utf8').on('data', (text) => (said += text));
    await eventually(
      (text) => text.includes('Ctrl-C'),
      async () => said,
    );
    shell.kill('SIGTERM');
    try {
      // A Haraka that is left behind keeps stdout open, and "close" away.
      await once(shell, 'close', { signal: AbortSignal.timeout(20_000) });
    } catch (error) {
      process.kill(-Number(shell.pid), 'SIGTERM');
      throw error;
    }
    assert.match(said, /Stopped; the directory is gone/);
  });

  it('stops on SIGINT and leaves no directory behind', async () => {
    server.kill('SIGINT');
    const [code] = await once(server, 'close');
    assert.equal(code, 0);
    assert.ok(!fs.existsSync(directory()));
  });
});

/** An npm that does nothing, notes what it was called with, and fails. */
function fakeNpm() {
  const folder = makeFolder();
  const log = folder.file('calls');
  fs.writeFileSync(folder.file('npm'), `#!/bin/sh\necho "$*" >> '${log}'\nexit 1\n`, { mode: 0o755 });
  return {
    env: { ...process.env, PATH: `${folder.path}${path.delimiter}${process.env.PATH}` },
    calls: () => (fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trim().split('\n') : []),
  };
}

interface Usage {
  readonly args: readonly string[];
  readonly says: RegExp;
}

const wrongPorts: readonly Usage[] = ['abc', '0', '99999', '-1', '2525x', ''].map((port) => ({
  args: ['--port', port],
  says: /'--port <NUMBER>' argument '.*' is invalid\. A port is a number from 1 to 65535\./,
}));
const wrongUses: readonly Usage[] = [
  ...wrongPorts,
  { args: ['--port'], says: /'--port <NUMBER>' argument missing/ },
  { args: ['--prot', '2526'], says: /unknown option '--prot'/ },
  { args: ['2526'], says: /too many arguments/ },
];

for (const name of ['start', 'try']) {
  describe(`the command line of npm ${name === 'start' ? 'start' : 'run try'}`, () => {
    const usage = new RegExp(`^Usage: npm .*${name} -- \\[options\\]$`, 'm');
    const call = (...args: readonly string[]) =>
      run(process.execPath, [script(`${name}.js`), ...args], { env: fakeNpm().env });

    it('prints its usage for --help, and ends with 0', async () => {
      for (const flag of ['--help', '-h']) {
        const { stdout, stderr } = await call(flag);
        assert.match(stdout, usage);
        assert.match(stdout, /^ {2}--port <NUMBER> .*\(default: 2525\)$/m);
        assert.equal(stderr, '');
      }
    });

    for (const { args, says } of wrongUses) {
      it(`says what is wrong with ${JSON.stringify(args)}, prints its usage, and ends with 2`, async () => {
        await assert.rejects(call(...args), (error: { code?: unknown; stdout?: string; stderr?: string }) => {
          assert.equal(error.code, 2);
          assert.equal(error.stdout, '');
          assert.match(error.stderr ?? '', says);
          assert.match(error.stderr ?? '', usage);
          assert.doesNotMatch(error.stderr ?? '', /^\s+at /m);
          return true;
        });
      });
    }
  });
}

describe('npm run try', () => {
  it('says so where nothing listens, and ends with 2', async () => {
    const port = String(await freePort());
    const failure = run(process.execPath, [script('try.js'), '--port', port]);
    await assert.rejects(failure, { code: 2, stderr: `Nothing listens on port ${port}: run npm start first.\n` });
  });

  it('shows escaped what would act on the terminal', async () => {
    const server = net.createServer((socket) => socket.end('220 mx \x1b[31m\x07\t\u009b\r\n'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as net.AddressInfo;
    const { stdout } = await run(process.execPath, [script('try.js'), '--port', String(port), '--helo', 'a\x1bb']);
    assert.match(stdout, /^S: 220 mx \\u001b\[31m\\u0007\\t\\u009b\nC: EHLO a\\u001bb\n/);
    assert.doesNotMatch(stdout, obeyed);
    server.close();
  });
});

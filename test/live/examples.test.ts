/** `npm start` and `npm run try`, as they are printed for a reader: each thing to try gets the reply that is promised. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { thingsToTry } from '../../examples/department';
import { checkout, freePort } from '../../examples/haraka-directory';
import { eventually } from './harness/talk';

const run = promisify(execFile);
const script = (name: string) => path.join(__dirname, '..', '..', 'examples', name);

describe('npm start', () => {
  let port: number;
  let server: ChildProcess;
  let output = '';
  const directory = () => /\S*smtpcheck-haraka-\w+/.exec(output)?.[0] ?? '';

  before(async () => {
    port = await freePort();
    server = spawn(process.execPath, [script('start.js'), '--port', String(port)]);
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

  it('keeps what was delivered and what would go out where it says', () => {
    assert.match(output, /delivered {2}.*messages\n/);
    assert.notDeepEqual(fs.readdirSync(path.join(directory(), 'messages')), []);
    assert.notDeepEqual(fs.readdirSync(path.join(directory(), 'queue')), []);
  });

  it('says so when the port is taken', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port: other } = taken.address() as net.AddressInfo;
    const refusal = run(process.execPath, [script('start.js'), '--port', String(other)]);
    await assert.rejects(refusal, { code: 2, stderr: new RegExp(`Port ${other} is taken`) });
    taken.close();
  });

  it('ends with the shell that npm runs it in, which is all that npm passes a signal to', async () => {
    const { scripts } = JSON.parse(fs.readFileSync(path.join(checkout, 'package.json'), 'utf8')) as {
      scripts: { start: string };
    };
    // As npm does it, without the builds before: they would change what is being tested.
    const last = scripts.start.split(' && ').at(-1);
    const shell = spawn('sh', ['-c', `true && ${last} --port ${await freePort()}`], {
      cwd: checkout,
      detached: true,
    });
    let said = '';
    for (const stream of [shell.stdout, shell.stderr]) stream?.setEncoding('utf8').on('data', (text) => (said += text));
    await eventually(
      (text) => text.includes('Ctrl-C'),
      async () => said,
    );
    shell.kill('SIGTERM');
    try {
      // A Haraka that is left behind keeps stdout open, and "close" away.
      await once(shell, 'close', { signal: AbortSignal.timeout(5000) });
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

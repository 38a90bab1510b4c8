/** Each command as a process of its own: exit code, streams, colours, and a reader that has seen enough. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { listen } from '../../testkit/fakes/listener';
import { smtpScript } from '../../testkit/fakes/smtp';
import { makeFolder } from '../../testkit/folder';
import { logLine } from '../../testkit/log-lines';
import { environment, program, smtpcheck, smtpcheckProcess } from './command';

const site = makeFolder({
  'config/plugins': 'smtpcheck\nrcpt_to.in_host_list\n',
  'config/host_list': 'local.example\n',
  'config/localip': '10.0.0.0/8\n',
  'config/smtpcheck.test': '10.0.0.1 -> a@victim.example refuse\n',
  'edited/config/plugins': 'smtpcheck\n',
  'haraka.log': `${logLine({ ip: '10.0.0.1' })}\n`,
  access: 'Connect:192.0.2 RELAY\nFrom:x RELAY\n',
});

const commands: Readonly<Record<string, { readonly args: readonly string[]; readonly code: number }>> = {
  lint: { args: ['lint'], code: 1 },
  explain: { args: ['explain', '--ip', '203.0.113.7', '--no-dns', '--to', 'a@victim.example'], code: 1 },
  diff: { args: ['diff', '.', 'edited'], code: 1 },
  why: { args: ['why', 'dept.example', '--log', 'haraka.log'], code: 0 },
  replay: { args: ['replay', 'haraka.log'], code: 1 },
  test: { args: ['test'], code: 1 },
  init: { args: ['init', '--dry-run', '.'], code: 0 },
  import: { args: ['import', 'access', '-o', 'imported', '--dry-run'], code: 1 },
  audit: { args: ['audit', '--no-tls', '--pause', '0', '--only', 'relay-plain'], code: 1 },
};

describe('smtpcheck as a process', () => {
  it('replays what is piped into it', async () => {
    const child = spawn(process.execPath, [program, 'replay', '-', '--json'], { cwd: site.path, env: environment() });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stdin.end(gzipSync(`${logLine({ ip: '10.0.0.1' })}\n${logLine()}\n`));
    const [ended] = (await once(child, 'close')) as [number | null];
    const { opens, unchanged } = JSON.parse(stdout) as { opens: number; unchanged: number };
    assert.deepEqual([ended, opens, unchanged], [1, 1, 1]);
  });

  for (const [name, { args, code }] of Object.entries(commands)) {
    it(`ends ${name} with its exit code, prints in a pipe what it prints without one, and no colours there`, async () => {
      await withServer(name, args, async (whole) => {
        const where = { cwd: site.path };
        const inProcess = await smtpcheck(whole, where);
        assert.equal(inProcess.code, code, inProcess.stdout + inProcess.stderr);
        const env = { FORCE_COLOR: '1', TERM: 'xterm' };
        assert.deepEqual(await smtpcheckProcess(whole, { ...where, env }), inProcess);
        assert.doesNotMatch(inProcess.stdout + inProcess.stderr, /\u001b/);
      });
    });

    it(`takes a reader of ${name} that closes the pipe for no failure`, async () => {
      await withServer(name, args, async (whole) => {
        const child = spawn(process.execPath, [program, ...whole], { cwd: site.path, env: environment() });
        child.stdout.destroy();
        let stderr = '';
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          stderr += text;
        });
        const [ended] = (await once(child, 'close')) as [number | null];
        assert.equal(ended, code, stderr);
        assert.doesNotMatch(stderr, /EPIPE/);
      });
    });
  }
});

/** An audit needs somebody to ask. */
async function withServer(name: string, args: readonly string[], use: (args: readonly string[]) => Promise<void>) {
  if (name !== 'audit') return use(args);
  const server = await listen(smtpScript({ weak: ['relays'] }));
  try {
    await use([...args, `127.0.0.1:${server.port}`]);
  } finally {
    await server.stop();
  }
}

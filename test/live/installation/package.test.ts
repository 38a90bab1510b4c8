/** The package as an operator gets it: packed, put into a fresh `haraka -i` directory, and run from there. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { checkout, freePort, harakaPackage, harakaProgram } from '../../../examples/haraka-directory';
import { FakeRedis } from '../../../testkit/fakes/redis';
import { type HarakaVersion, startHaraka } from '../../../testkit/live/haraka';
import { askFor, eventually, greet, open, rcpt, said, send } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const run = promisify(execFile);
const parts = ['deny', 'helo', 'privacy', 'relay'].map((name) => `smtpcheck/plugins/${name}`);
const OK = /^250 /;
const DENIED = /^550 5\.7\.1 Relaying denied/;

describe('the package', () => {
  let folder: string;
  let tarball: string;

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-package-'));
    // The checkout is built already; packing must not build it again under the tests.
    const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: checkout,
    });
    const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
    tarball = path.join(folder, filename);
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  /** A directory as `haraka -i` makes it, set to a port of its own. */
  async function freshDirectory(version: HarakaVersion, plugins: readonly string[]) {
    const directory = fs.mkdtempSync(path.join(folder, 'haraka-'));
    await run(process.execPath, [harakaProgram(version), '-i', path.join(directory, 'site')]);
    const site = path.join(directory, 'site');
    const port = await freePort();
    const write = (name: string, text: string) => fs.writeFileSync(path.join(site, 'config', name), text);
    write('smtp.ini', `listen=127.0.0.1:${port}\nnodes=0\n`);
    write('plugins', `${['harness', ...plugins].join('\n')}\n`);
    write('host_list', 'local.example\n');
    write('outbound.ini', 'disabled=true\n');
    fs.mkdirSync(path.join(site, 'queue'), { recursive: true });
    fs.mkdirSync(path.join(site, 'node_modules'), { recursive: true });
    for (const name of ['harness.js', 'keep_queue.js']) {
      fs.copyFileSync(path.join(checkout, 'testkit/live/plugins', name), path.join(site, 'plugins', name));
    }
    return { site, port, write };
  }

  /** What `npm install` does with a tarball; the dependencies are the checkout's, since no registry is asked. */
  async function installTarball(site: string): Promise<void> {
    const target = path.join(site, 'node_modules', 'haraka-plugin-smtpcheck');
    fs.mkdirSync(target, { recursive: true });
    await run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
    const { dependencies } = JSON.parse(fs.readFileSync(path.join(target, 'package.json'), 'utf8')) as {
      dependencies: Readonly<Record<string, string>>;
    };
    for (const name of Object.keys(dependencies)) {
      fs.symlinkSync(path.join(checkout, 'node_modules', name), path.join(site, 'node_modules', name), 'dir');
    }
  }

  /** What `npm install haraka` does in the folder, where the Redis plugin lands below Haraka. Returns Haraka's folder. */
  function installHaraka(site: string, name: string): string {
    const modules = path.join(checkout, 'node_modules');
    const haraka = path.join(site, 'node_modules', name);
    fs.cpSync(harakaPackage('3.3'), haraka, { recursive: true });
    fs.mkdirSync(path.join(haraka, 'node_modules'), { recursive: true });
    for (const module of fs.readdirSync(modules)) {
      const isNested = module === 'haraka-plugin-redis';
      const target = path.join(isNested ? haraka : site, 'node_modules', module);
      if (/^haraka(-3\.1)?$/i.test(module) || fs.existsSync(target)) continue;
      fs.symlinkSync(path.join(modules, module), target, 'dir');
    }
    return haraka;
  }

  const installations: Readonly<Record<string, (site: string) => void | Promise<void>>> = {
    'from its tarball': installTarball,
    'as a link to the checkout': (site) =>
      fs.symlinkSync(checkout, path.join(site, 'node_modules', 'haraka-plugin-smtpcheck'), 'dir'),
  };

  for (const version of versions) {
    for (const [how, install] of Object.entries(installations)) {
      it(`runs from a fresh directory of Haraka ${version}, installed ${how}`, async () => {
        const { site, port, write } = await freshDirectory(version, [
          'smtpcheck',
          'rcpt_to.in_host_list',
          'keep_queue',
        ]);
        await install(site);
        const running = start(harakaProgram(version), site);
        try {
          await running.says('harness: serving');
          // As installed it relays for nobody, not for loopback either.
          for (const from of ['127.66.0.1', '127.0.0.1']) {
            assert.match(await askFor({ port }, 'user@victim.example', { from }), DENIED);
            assert.match(await askFor({ port }, 'user@local.example', { from }), OK);
          }
          assert.equal(await commandSaid(port, 'EXPN root'), '502 5.7.0 Sorry, we do not allow this operation');
          assert.match(await commandSaid(port, 'VRFY root'), /^252 2\.5\.2 /);
          write('relay.to', 'backup.example\n');
          await eventually(
            (reply) => OK.test(reply),
            () => askFor({ port }, 'user@backup.example'),
          );
          const session = await open({ port });
          await rcpt(session, 'user@backup.example');
          assert.match(await send(session, 'installed'), OK);
          session.destroy();
          assert.equal(fs.readdirSync(path.join(site, 'queue')).length, 1);
        } finally {
          await running.stop();
        }
      });
    }
  }

  it('takes the shipped config files as they are', async () => {
    const { site, port } = await freshDirectory('3.3', ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue']);
    await installTarball(site);
    const shipped = path.join(site, 'node_modules', 'haraka-plugin-smtpcheck', 'config');
    fs.cpSync(shipped, path.join(site, 'config'), { recursive: true });
    const running = start(harakaProgram('3.3'), site);
    try {
      await running.says('harness: serving');
      assert.match(await askFor({ port }, 'user@victim.example', { from: '127.0.0.1' }), DENIED);
      assert.match(await askFor({ port }, 'user@local.example'), OK);
    } finally {
      await running.stop();
    }
  });

  it('explains a finding from its own pages', async () => {
    const { site } = await freshDirectory('3.3', ['smtpcheck']);
    await installTarball(site);
    const command = path.join(site, 'node_modules', 'haraka-plugin-smtpcheck', 'dist', 'src', 'cli', 'main.js');
    const { stdout } = await run(process.execPath, [command, 'lint', '--explain', 'prefix-host-bits'], { cwd: site });
    assert.match(stdout, /^## prefix-host-bits\n/);
    assert.match(stdout, /^Instead:$/m);
  });

  // The name of Haraka's package: `haraka` since 3.3, and `Haraka` in older installations.
  for (const name of ['haraka', 'Haraka']) {
    it(`runs with a Haraka that is installed as ${name}, and finds the Redis plugin that this one has`, async () => {
      const { site, port, write } = await freshDirectory('3.3', ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue']);
      await installTarball(site);
      const haraka = installHaraka(site, name);
      const redis = await new FakeRedis().start();
      redis.add('localip', '127.9');
      write('redis.ini', `[server]\nport=${redis.port}\n`);
      write('smtpcheck.ini', '[relay]\nlocal_ip=redis:\n');
      write('relay.to', 'backup.example\n');
      const running = start(path.join(haraka, 'bin', 'haraka'), site);
      try {
        await running.says('harness: serving');
        assert.match(await askFor({ port }, 'user@victim.example', { from: '127.9.0.1' }), OK);
        assert.match(await askFor({ port }, 'user@victim.example'), DENIED);
        const session = await open({ port });
        await rcpt(session, 'user@backup.example');
        assert.match(await send(session, 'by way of the outbound queue'), OK);
        session.destroy();
        assert.equal(fs.readdirSync(path.join(site, 'queue')).length, 1);

        const command = path.join(site, 'node_modules', 'haraka-plugin-smtpcheck', 'dist', 'src', 'cli', 'main.js');
        const smtpcheck = async (...args: readonly string[]) =>
          run(process.execPath, [command, ...args], { cwd: site, env: { PATH: '/nowhere' } });
        const { stdout } = await smtpcheck('explain', '--ip', '127.9.0.1', '--no-dns', '--to', 'user@victim.example');
        assert.match(stdout, /permit {2}client-network {2}redis:localip:1/);
        // Lint exits 1 for what else it has to say of this folder.
        const linted = await smtpcheck('lint').catch((error: { stdout: string }) => error);
        assert.doesNotMatch(linted.stdout, /redis-/);
        assert.match((await smtpcheck('init', '.', '--dry-run')).stdout, /would create config\/localdomain/);
      } finally {
        await running.stop();
        await redis.stop();
      }
    });
  }

  for (const version of versions) {
    it(`registers its hooks around those of others, as haraka -o of ${version} shows`, async () => {
      const { site } = await freshDirectory(version, ['rcpt_to.in_host_list', 'smtpcheck', 'keep_queue']);
      await installTarball(site);
      const { stdout } = await run(process.execPath, [harakaProgram(version), '-o', '-c', site], {
        env: { ...process.env, SMTPCHECK_TEST_DNS: '9' },
      });
      assert.deepEqual(hooksIn(stdout), {
        init_master: ['status_master 0'],
        init_http: ['status_http 0'],
        connect_init: ['relay_trust_address -100'],
        connect: ['smtpcheck_connect -100'],
        helo: ['helo_check_name -100'],
        ehlo: ['helo_check_name -100'],
        mail: ['smtpcheck_sender -100', 'hook_mail 0'],
        rcpt: ['smtpcheck_recipient -100', 'hook_rcpt 0', 'relay_decide_recipient 100'],
        rcpt_ok: ['relay_route_recipient 100'],
        vrfy: ['privacy_vrfy -100'],
        unrecognized_command: ['privacy_command -100'],
        data_post: ['privacy_mark -100'],
        queue: ['relay_queue -100', 'hook_queue 0'],
        queue_outbound: ['relay_queue_outbound -100', 'relay_send_out 100'],
        get_mx: ['relay_next_hops -100'],
        bounce: ['relay_bounce -100'],
      });
    });
  }
});

describe('the plugins of the package', () => {
  it('do the same when each is loaded by itself', async () => {
    const haraka = await startHaraka({
      plugins: [...parts, 'rcpt_to.in_host_list', 'keep_queue'],
      files: {
        host_list: 'local.example\n',
        localip: '127.9\n',
        'host.deny': '127.77\n',
        'relay.to': 'backup.example\n',
      },
    });
    try {
      assert.match(await askFor(haraka, 'user@victim.example', { from: '127.9.0.1' }), OK);
      assert.match(await askFor(haraka, 'user@victim.example'), DENIED);
      assert.match(await askFor(haraka, 'user@backup.example'), OK);
      assert.match(await askFor(haraka, 'user@local.example'), OK);
      assert.equal(said((await greet(haraka, { from: '127.77.0.1' })).greeting), '554 5.7.1 Access denied');
      assert.match(await commandSaid(haraka.port, 'EXPN root'), /^502 5\.7\.0 /);
      assert.match(await commandSaid(haraka.port, 'EHLO bad;name'), /^501 5\.0\.0 /);
    } finally {
      await haraka.stop();
    }
  });

  for (const [part, says] of [
    ['deny', { greeting: 554, expn: 500, helo: 250, foreign: 550 }],
    ['helo', { greeting: 220, expn: 500, helo: 501, foreign: 550 }],
    ['privacy', { greeting: 220, expn: 502, helo: 250, foreign: 550 }],
    ['relay', { greeting: 220, expn: 500, helo: 250, foreign: 250 }],
  ] as const) {
    it(`can be loaded alone: ${part}`, async () => {
      const haraka = await startHaraka({
        plugins: [`smtpcheck/plugins/${part}`],
        files: { localip: '127.9\n', 'host.deny': '127.77\n' },
      });
      try {
        assert.deepEqual(
          {
            greeting: (await greet(haraka, { from: '127.77.0.1' })).greeting.code,
            expn: Number((await commandSaid(haraka.port, 'EXPN root')).slice(0, 3)),
            helo: Number((await commandSaid(haraka.port, 'EHLO bad;name')).slice(0, 3)),
            foreign: Number((await askFor(haraka, 'user@victim.example', { from: '127.9.0.1' })).slice(0, 3)),
          },
          says,
        );
      } finally {
        await haraka.stop();
      }
    });
  }

  for (const [plugins, complaint] of [
    [
      ['smtpcheck', 'smtpcheck/plugins/relay'],
      'the plugin relay is loaded twice, as smtpcheck and as smtpcheck/plugins/relay; keep one of them in config/plugins',
    ],
    [
      ['smtpcheck/plugins/deny', 'smtpcheck'],
      'the plugin deny is loaded twice, as smtpcheck/plugins/deny and as smtpcheck; keep one of them in config/plugins',
    ],
  ] as const) {
    it(`stop Haraka when one is there twice: ${plugins.join(', ')}`, async () => {
      const { code, output } = await startHaraka({ plugins, expectExit: true });
      assert.notEqual(code, 0);
      assert.ok(output.includes(complaint), output);
      assert.doesNotMatch(output, /harness: serving/);
    });
  }
});

async function commandSaid(port: number, command: string): Promise<string> {
  const session = await greet({ port });
  const reply = said(await session.command(command));
  session.destroy();
  return reply;
}

/** What `haraka -o` prints, by hook, without the plugins of the harness. */
function hooksIn(output: string): Record<string, string[]> {
  const hooks: Record<string, string[]> = {};
  let hook = '';
  for (const line of output.split('\n')) {
    hook = /Hook: (\w+)/.exec(line)?.[1] ?? hook;
    const row = /^(smtpcheck|rcpt_to\S*|keep_queue)\s+(\w+)\s+(-?\d+)/.exec(line);
    if (row) hooks[hook] = [...(hooks[hook] ?? []), `${row[2]} ${row[3]}`];
  }
  return hooks;
}

function start(program: string, site: string) {
  const child: ChildProcess = spawn(process.execPath, [program, '-c', site], {
    cwd: site,
    env: { ...process.env, SMTPCHECK_TEST_DNS: '9' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close');
  return {
    says: (text: string) =>
      eventually(
        (all) => {
          if (child.exitCode !== null) throw new Error(`Haraka ended with ${child.exitCode}:\n${all}`);
          return all.includes(text);
        },
        async () => output,
      ),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** `smtpcheck status`, `follow` and `why` against a running Haraka, and without one. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { makeFolder } from '../../../testkit/folder';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor, eventually, load } from '../../../testkit/live/talk';
import { environment, program, smtpcheck } from '../../cli/command';

const outside = 'user@victim.example';

/** The command in a process that runs until the test ends it. */
function running(args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill('SIGINT');
    await ended;
  };
  return { said, stop, child, ended };
}

interface WhyDocument {
  readonly decisions: readonly {
    readonly rule: string;
    readonly rcpt: string;
    readonly entry: { readonly state: string; readonly now: string | null; readonly text: string | null } | null;
    readonly suggestions: readonly Readonly<Record<'action' | 'list' | 'line' | 'entry', unknown>>[];
  }[];
}

describe('smtpcheck status and follow', () => {
  let haraka: RunningHaraka;
  before(async () => {
    haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
      files: { host_list: 'local.example', localip: '127.9  # the lab\n' },
    });
    await haraka.waitForLog('the status server listens on');
  });
  after(() => haraka?.stop());

  it('print what is in force and what was decided, and exit 1 while a list is rejected', async () => {
    await askFor(haraka, outside);
    const well = await smtpcheck(['status', '-c', haraka.directory]);
    assert.deepEqual([well.code, well.stderr], [0, '']);
    assert.match(well.stdout, /^local_ip +localip +1 +loaded/m);
    assert.match(well.stdout, /^1 +refuse +relay relay-denied$/m);
    haraka.write('localip', '127.9/99\n');
    const broken = await eventually(
      ({ code }) => code === 1,
      () => smtpcheck(['status', '-c', haraka.directory]),
    );
    assert.match(broken.stdout, /local_ip: a newer version is rejected\n {2}localip:1: prefix-partial|prefix-length/);
    await load(haraka, 'localip', '127.9  # the lab\n127.8\n');
    const json = await smtpcheck(['status', '--json', '-c', haraka.directory]);
    assert.equal(json.code, 0);
    assert.equal(JSON.parse(json.stdout).version, 1);
  });

  it('print the status again and again with --watch', async () => {
    const { said, stop } = running(['status', '--watch', '-c', haraka.directory]);
    try {
      await eventually(
        (text) => text.split(/^smtpcheck \d/m).length > 2,
        async () => said.stdout,
      );
    } finally {
      await stop();
    }
  });

  it('print each decision as it is made, of one client or recipient where that is asked, and end with their reader', async () => {
    const commands = [
      running(['follow', '-c', haraka.directory]),
      running(['follow', '--ip', '127.66.0.7', '-c', haraka.directory]),
      running(['follow', '--rcpt', 'other.example', '--json', '-c', haraka.directory]),
    ] as const;
    const [all, ofClient, ofDomain] = commands;
    try {
      let round = 0;
      // Each begins when it has asked for the first time.
      await eventually(
        () => commands.every(({ said }) => said.stdout !== ''),
        async () => {
          await askFor(haraka, `a${++round}@other.example`, { from: '127.66.0.7' });
          await askFor(haraka, `b${round}@victim.example`, { from: '127.9.0.1' });
        },
      );
      await askFor(haraka, 'z@victim.example');
      await eventually(
        (text) => text.includes('z@victim.example'),
        async () => all.said.stdout,
      );
      assert.match(
        all.said.stdout,
        /^\d\d:\d\d:\d\d refuse relay-denied 127\.66\.\d\.\d.*<someone@sender\.example> -> <z@victim\.example> 550 5\.7\.1 Relaying denied$/m,
      );
      assert.match(
        all.said.stdout,
        /^\d\d:\d\d:\d\d permit client-network 127\.9\.0\.1.*\[localip:1 127\.9 {2}# the lab\]$/m,
      );
      assert.ok(ofClient.said.stdout.split('\n').every((line) => line === '' || line.includes('127.66.0.7')));
      const decisions = ofDomain.said.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { rcpt: string });
      assert.ok(decisions.every(({ rcpt }) => rcpt.endsWith('@other.example>')));
      const rcpts = decisions.map(({ rcpt }) => rcpt);
      assert.equal(new Set(rcpts).size, rcpts.length);
      // `| head` has seen enough.
      all.child.stdout.destroy();
      await eventually(
        (code) => code !== null,
        async () => {
          await askFor(haraka, outside);
          return all.child.exitCode;
        },
      );
      assert.equal(all.child.exitCode, 0);
    } finally {
      for (const { stop } of commands) await stop();
    }
  });

  it('why: tells what was decided on a client, from the server and from its log, and what has changed since', async () => {
    const from = '127.66.0.77';
    await askFor(haraka, 'user@dept.example', { from });
    await load(haraka, 'localip', '!127.66.0.77  # stolen\n127.66\n');
    await askFor(haraka, 'other@dept.example', { from });
    await haraka.waitForLog(/rule=client-excluded .*<other@dept\.example>/);
    const log = makeFolder({ 'haraka.log': haraka.log() }).file('haraka.log');
    const explained = async (...more: readonly string[]) => {
      const { code, stdout } = await smtpcheck(['why', from, '-c', haraka.directory, '--json', ...more]);
      const { decisions } = JSON.parse(stdout) as WhyDocument;
      return { code, decisions };
    };
    const online = await eventually(
      ({ decisions }) => decisions.length === 2,
      () => explained(),
    );
    const offline = await explained('--log', log);
    for (const { code, decisions } of [online, offline]) {
      assert.equal(code, 0);
      assert.deepEqual(
        decisions.map(({ rule, rcpt, entry }) => [rule, rcpt, entry?.state, entry?.now]),
        [
          ['client-excluded', '<other@dept.example>', 'same', '!127.66.0.77  # stolen'],
          ['relay-denied', '<user@dept.example>', undefined, undefined],
        ],
      );
      const [newest] = decisions;
      assert.deepEqual(
        newest?.suggestions.map(({ action, list, line, entry }) => [action, list, line, entry]),
        [['replace', 'localip', 1, '127.66.0.77']],
      );
    }
    await load(haraka, 'localip', '127.9\n');
    const [gone] = (await explained()).decisions;
    assert.deepEqual(
      [gone?.entry?.state, gone?.entry?.now, gone?.entry?.text],
      ['changed', '127.9', '!127.66.0.77  # stolen'],
    );
    const text = await smtpcheck(['why', 'dept.example', '-c', haraka.directory]);
    assert.match(text.stdout, /localip:1 has changed since: it is now 127\.9$/m);
    const { code, stderr } = await smtpcheck(['why', 'nobody.example', '-c', haraka.directory]);
    assert.equal(code, 1);
    assert.match(stderr, /^the server remembers \d+ decisions; for older ones name its logs with --log$/m);
  });

  it('why: writes the scope that covers a sender, and with it the client may send', async () => {
    const from = '127.66.0.78';
    await load(haraka, 'localip', '127.66.0.0/16 from=other.example until=2036-01-01\n');
    assert.match(await askFor(haraka, 'a@elsewhere.example', { from }), /^550 5\.7\.1 Relaying denied/);
    const [refused] = await eventually(
      (decisions) => decisions.length === 1,
      async () => {
        const { stdout } = await smtpcheck(['why', from, '-c', haraka.directory, '--json']);
        return (JSON.parse(stdout) as WhyDocument).decisions;
      },
    );
    assert.deepEqual([refused?.rule, refused?.entry?.state], ['sender-not-covered', 'same']);
    const { entry = '' } = refused?.suggestions[0] ?? {};
    assert.match(String(entry), /^127\.66\.0\.0\/16 from=other\.example,=\S+ until=2036-01-01$/);
    await load(haraka, 'localip', `${entry}\n`);
    assert.match(await askFor(haraka, 'a@elsewhere.example', { from }), /^250 /);
    await load(haraka, 'localip', '127.9\n');
  });

  it('exit 2 with what is valid where the question is not', async () => {
    const { code, stderr } = await smtpcheck(['follow', '--ip', 'mx.example', '-c', haraka.directory]);
    assert.equal(code, 2);
    assert.match(stderr, /answers 400[\s\S]*an IP address/);
  });
});

describe('smtpcheck status and follow without a running server', () => {
  const cases = [
    { name: 'no socket', ini: '', says: /no server answers at .*smtpcheck\.sock \(ENOENT\): is Haraka running in / },
    {
      name: 'a socket in no folder',
      ini: '[status]\nsocket=/nowhere/a.sock\n',
      says: /at \/nowhere\/a\.sock \(ENOENT\)/,
    },
    { name: 'an empty socket', ini: '[status]\nsocket=\n', says: /empty \[status\] socket, so nobody can ask: set it/ },
  ];
  for (const { name, ini, says } of cases) {
    for (const command of ['status', 'follow', 'why']) {
      it(`exits 2: ${command} with ${name}`, async () => {
        const folder = makeFolder({ 'config/plugins': 'smtpcheck\n', 'config/smtpcheck.ini': ini });
        const { code, stdout, stderr } = await smtpcheck([
          command,
          ...(command === 'why' ? ['x.example'] : []),
          '-c',
          folder.path,
        ]);
        assert.deepEqual([code, stdout], [2, '']);
        assert.equal(stderr.includes('name its logs with --log'), command === 'why', stderr);
        assert.match(stderr, says);
      });
    }
  }
});

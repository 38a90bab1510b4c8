/** `smtpcheck replay`: what it reads, what it reports, how it ends. */
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { Progress } from '../../../src/cli/log/progress';
import { emptyLists, makeFolder } from '../../../testkit/folder';
import { logLine } from '../../../testkit/log-lines';
import { smtpcheck } from '../command';

const config = Object.fromEntries(
  Object.entries({ ...emptyLists, plugins: 'smtpcheck\n', localip: '198.51.100.0/24\n' }).map(([name, text]) => [
    `config/${name}`,
    text,
  ]),
);

const permit = { outcome: 'permit', rule: 'client-network', at: 'localip:1' } as const;
const opens = logLine({ ip: '198.51.100.7' });
const closes = logLine({ ...permit, ip: '192.0.2.7', from: '<>' });
const same = logLine({ ...permit, ip: '198.51.100.8' });

async function replay(log: string | Uint8Array, ...args: readonly string[]) {
  const { path: cwd } = makeFolder({ ...config, 'haraka.log': log });
  return smtpcheck(['replay', 'haraka.log', ...args], { cwd });
}

async function report(log: string, ...args: readonly string[]) {
  const { stdout, code, stderr } = await replay(log, '--json', ...args);
  assert.notEqual(code, 2, stderr);
  return { code, ...(JSON.parse(stdout) as Report) };
}

interface Report {
  readonly decisions: number;
  readonly opens: number;
  readonly closes: number;
  readonly unchanged: number;
  readonly unreadable: number;
  readonly withoutTime: number;
  readonly ungrouped: number;
  readonly changes: readonly {
    readonly effect: string;
    readonly clients: string;
    readonly sender: string | null;
    readonly recipient: string | null;
    readonly decisions: number;
    readonly first: string | null;
    readonly last: string | null;
    readonly example: { readonly command: string };
  }[];
}

describe('smtpcheck replay', () => {
  it('exits 0 where no decision would change', async () => {
    const { code, stdout, stderr } = await replay(`${same}\n`);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout, '1 decision: 0 open, 0 close, 0 move, 1 unchanged, 0 undetermined\n');
  });

  it('groups what changes by network, sender domain and recipient domain, the largest first', async () => {
    const at = (day: string) => `2026-11-${day}T08:00:00.000Z `;
    const { changes, code } = await report(
      [
        logLine({ ip: '198.51.100.7', time: at('03') }),
        logLine({ ip: '198.51.100.9', time: at('01'), rcpt: '<Other@DEPT.example>' }),
        logLine({ ip: '198.51.100.9', time: '' }),
        logLine({ ip: '198.51.100.9', rcpt: '<user@other.example>' }),
        logLine({ ip: '198.51.100.9', from: '<>' }),
        closes,
      ].join('\n'),
    );
    assert.equal(code, 1);
    assert.deepEqual(
      changes.map(({ effect, clients, sender, recipient, decisions }) => [
        effect,
        clients,
        sender,
        recipient,
        decisions,
      ]),
      [
        ['opens', '198.51.100.0/24', 'x.example', 'dept.example', 3],
        ['opens', '198.51.100.0/24', 'x.example', 'other.example', 1],
        ['opens', '198.51.100.0/24', '', 'dept.example', 1],
        ['closes', '192.0.2.0/24', '', 'dept.example', 1],
      ],
    );
    assert.deepEqual([changes[0]?.first, changes[0]?.last], ['2026-11-01T08:00:00.000Z', '2026-11-03T08:00:00.000Z']);
  });

  it('reports a client that is denied once, whatever it did', async () => {
    const { path: cwd } = makeFolder({
      ...config,
      'config/host.deny': '192.0.2.0/24\n',
      'haraka.log': [
        closes,
        logLine({ ip: '192.0.2.9', rcpt: '<b@other.example>' }),
        logLine({ outcome: 'refuse', rule: 'hello-malformed', ip: '192.0.2.9', from: '', rcpt: '', helo: 'a;b' }),
      ].join('\n'),
    });
    const { stdout } = await smtpcheck(['replay', 'haraka.log', '--json'], { cwd });
    const { changes } = JSON.parse(stdout) as Report;
    assert.deepEqual(
      changes.map(({ clients, sender, recipient, decisions }) => [clients, sender, recipient, decisions]),
      [['192.0.2.0/24', null, null, 3]],
    );
  });

  it('gives a command for each group that a shell runs, and that shows the new decision', async () => {
    const hostile = logLine({
      ip: '198.51.100.7',
      helo: "it's",
      rcpt: '<"a b$(id)`"@dept.example>',
      ptr: 'mx.x.example',
    });
    const { changes } = await report(hostile);
    assert.equal(
      changes[0]?.example.command,
      String.raw`smtpcheck explain --ip 198.51.100.7 --forged-ptr mx.x.example --helo 'it'\''s' --from a@x.example --to '"a b$(id)` +
        '`"@dept.example\'',
    );
    const { changes: plain } = await report(opens);
    const { path: cwd } = makeFolder(config);
    const words = (plain[0]?.example.command ?? '').split(' ').slice(1);
    const { stdout, code } = await smtpcheck(words, { cwd });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /permit {2}client-network {2}localip:1/);
  });

  it('decides as of the time of each line, and names it in the command', async () => {
    const at = (time: string) => logLine({ ...permit, ip: '192.0.2.7', time });
    const { path: cwd } = makeFolder({
      ...config,
      'config/localip': '192.0.2.0/24 until=2025-06-01T12:00Z\n',
      'haraka.log': ['2025-06-01T11:59:59.999Z ', '2025-06-01T12:00:00.000Z ', ''].map(at).join('\n'),
    });
    const { stdout, stderr } = await smtpcheck(['replay', 'haraka.log', '--json'], { cwd });
    const { changes, unchanged, closes: count } = JSON.parse(stdout) as Report;
    assert.deepEqual([unchanged, count, changes.length], [1, 2, 1]);
    const command = changes[0]?.example.command ?? '';
    assert.match(command, / --at 2025-06-01T12:00Z --to user@dept\.example$/);
    assert.match(
      stderr,
      /^1 decisions have no time in their line, and are replayed by the entries that have not ended/m,
    );
    const { stdout: played } = await smtpcheck(command.split(' ').slice(1), { cwd });
    assert.match(played, /refuse {2}relay-denied/);
    const { code } = await smtpcheck(command.replace('T12:00Z', 'T11:59Z').split(' ').slice(1), { cwd });
    assert.equal(code, 0);
  });

  it('groups trust that begins at MAIL by its sender', async () => {
    const { path: cwd } = makeFolder({
      ...config,
      'config/localip': '192.0.2.0/24 from=other.example\n',
      'haraka.log': logLine({ ...permit, ip: '192.0.2.7', rcpt: '' }),
    });
    const { stdout } = await smtpcheck(['replay', 'haraka.log'], { cwd });
    assert.match(stdout, /^closes {2}192\.0\.2\.0\/24 {2}x\.example {2}1 decision /);
    assert.match(stdout, / is now may not relay to anyone$/m);
  });

  it('takes --only, and exits by what it reports', async () => {
    const log = [opens, same, same].join('\n');
    assert.equal((await replay(log, '--only', 'opens')).code, 1);
    const { code, changes, opens: count } = await report(log, '--only', 'closes');
    assert.deepEqual([code, changes, count], [0, [], 1]);
  });

  it('takes --since as a span and as a time, and says of lines without a time that they count', async () => {
    const recent = logLine({ time: `${new Date(Date.now() - 3_600_000).toISOString()} ` });
    const old = logLine({ time: '2020-11-29T08:10:02.113Z ' });
    const log = [recent, old, logLine({ time: '' }), same].join('\n');
    for (const since of ['2h', new Date(Date.now() - 7_200_000).toISOString()]) {
      const { decisions, withoutTime } = await report(log, '--since', since);
      assert.deepEqual([decisions, withoutTime], [2, 1], since);
    }
    assert.match((await replay(log, '--since', '2h')).stderr, /^1 decisions have no time in their line/m);
    const { code, stderr } = await replay(log, '--since', 'yesterday');
    assert.equal(code, 2);
    assert.match(stderr, /--since yesterday: write 30m, 24h/);
  });

  it('reads gzipped logs, several of them, and standard input', async () => {
    const { path: cwd } = makeFolder({
      ...config,
      'a.log': opens,
      'b.gz': Buffer.concat([gzipSync(opens), gzipSync(`\n${closes}\n`)]),
    });
    const piped = async function* () {
      const bytes = gzipSync(`${same}\n`);
      yield bytes.subarray(0, 1);
      yield bytes.subarray(1);
    };
    const { stdout } = await smtpcheck(['replay', 'a.log', 'b.gz', '-', '--json'], { cwd, stdin: piped() });
    const { decisions, opens: opened, closes: closed, unchanged } = JSON.parse(stdout) as Report;
    assert.deepEqual([decisions, opened, closed, unchanged], [4, 2, 1, 1]);
  });

  it('counts what it cannot read, and names the first', async () => {
    const { stdout } = await replay(
      [same, 'nothing', closes.slice(0, -20), `${'x'.repeat(70_000)}${closes}`, closes.slice(0, -20)].join('\n'),
    );
    assert.match(stdout, /^3 lines with a decision cannot be read, the first at haraka\.log:3$/m);
    const tooLong = `${closes.replace('x.example', 'x'.repeat(70_000))}\n`;
    assert.equal((await report(`${tooLong}${same}\n`)).unreadable, 1);
  });

  it('counts decisions beyond the most groups, and shows the first of many', async () => {
    const lines = Array.from({ length: 10_005 }, (_, i) => logLine({ ip: '198.51.100.7', rcpt: `<u@d${i}.example>` }));
    const { changes, ungrouped, opens: count } = await report(lines.join('\n'));
    assert.deepEqual([changes.length, ungrouped, count], [10_000, 5, 10_005]);
    const { stdout } = await replay(lines.slice(0, 25).join('\n'));
    assert.match(stdout, /^… and 5 more groups \(--all shows them\)$/m);
    assert.equal((await replay(lines.slice(0, 25).join('\n'), '--all')).stdout.match(/^opens/gm)?.length, 25);
  });

  const broken: Readonly<Record<string, readonly [log: string | Uint8Array, args: readonly string[], says: RegExp]>> = {
    'a log that is not there': ['', ['nothere.log'], /nothere\.log cannot be read to its end: there is no such file/],
    'a folder': ['', ['config'], /config cannot be read to its end: EISDIR/],
    'half of a gzipped log': [
      gzipSync(`${same}\n`.repeat(99)).subarray(0, 100),
      [],
      /haraka\.log cannot be read to its end: unexpected end/,
    ],
    'a log without a decision': [
      'nothing\n',
      [],
      /no decision of the suite: 1 lines\n.*level NOTICE and permits at INFO/,
    ],
    'a log of unreadable decisions': [
      closes.slice(0, -20),
      [],
      /1 decisions that cannot be read, the first at haraka\.log:1/,
    ],
    'a folder without the suite': [same, ['-c', '/nowhere'], /no Haraka folder there/],
  };
  for (const [name, [log, args, says]] of Object.entries(broken)) {
    it(`exits 2 for ${name}, and prints no result`, async () => {
      const { code, stdout, stderr } = await replay(log, ...args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, says);
    });
  }

  it('exits 2 for a policy that cannot be read', async () => {
    const { path: cwd } = makeFolder({ ...config, 'config/localip': '300.1\n', 'haraka.log': same });
    const { code, stderr } = await smtpcheck(['replay', 'haraka.log'], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /localip:1: /);
  });

  it('says that a log without permits cannot show what would be closed', async () => {
    assert.match((await replay(opens)).stderr, /^no permit is in the logs: Haraka logs them at level INFO/m);
    assert.equal((await replay(same)).stderr, '');
  });
});

describe('the progress of a long command', () => {
  const shown = async (isTTY: boolean, total: number) => {
    let text = '';
    const progress = new Progress({ isTTY, write: (more) => (text += more) }, total, 0);
    for await (const _ of progress.watched(
      (async function* () {
        yield Buffer.alloc(50);
      })(),
    ))
      progress.show(1234);
    progress.end();
    return text;
  };

  it('is a bar on a terminal, taken away at the end, and nothing elsewhere', async () => {
    assert.equal(await shown(true, 100), `\r\u001b[K[${'='.repeat(15)}${' '.repeat(15)}]  50 %  1,234 lines\r\u001b[K`);
    assert.equal(await shown(true, Number.NaN), '\r\u001b[K1,234 lines\r\u001b[K');
    assert.equal(await shown(false, 100), '');
  });
});

/** Words on the command line and names of files that hold control characters: none of it may act on a terminal. */
import assert from 'node:assert/strict';
import { listen } from '../../testkit/fakes/listener';
import { smtpScript } from '../../testkit/fakes/smtp';
import { emptyLists, type Folder, makeFolder } from '../../testkit/folder';
import { logLine } from '../../testkit/log-lines';
import { obeyed } from '../../testkit/obeyed';
import { smtpcheck } from './command';

/** ESC, BEL, TAB, CSI (C1), a line separator, a change of direction. */
const hostile = 'x\x1b[31m\x07\t\u009b\u2028\u202ey';
const shown = String.raw`x\u001b[31m\u0007\t\u009b\u2028\u202ey`;

/** A Haraka folder of a hostile name, with hostile lines in Haraka's own files; the suite's files can have none. */
function hostileSite(): { readonly root: Folder; readonly folder: string } {
  const files = {
    ...emptyLists,
    me: 'mx.local.example\n',
    plugins: `smtpcheck\n${hostile}\nqueue/lmtp\n`,
    host_list: `${hostile}.example\n`,
    'relay.to': 'backup.example\n',
    localip: '192.0.2.7\n192.0.2.7\n',
  };
  const config = Object.entries(files).map(([name, text]) => [`${hostile}\n/config/${name}`, text]);
  const plain = { 'plain/config/plugins': 'smtpcheck\nrcpt_to.in_host_list\n' };
  const expectations = { 'hostile.test': `${hostile} -> a@b.example relay\n1.2.3.4 -> ${hostile} relay\n` };
  const log = {
    'hostile.log': [logLine({ helo: hostile, ip: '192.0.2.7', from: `<${hostile}@x.example>` })].join('\n'),
  };
  const source = { [`${hostile}\naccess`]: `# ${hostile}\nConnect:192.0.2 RELAY\nFrom:${hostile} RELAY\n` };
  const root = makeFolder({ ...Object.fromEntries(config), ...source, ...plain, ...expectations, ...log });
  return { root, folder: `${hostile}\n` };
}

interface WordsCase {
  readonly args: readonly string[];
  readonly code: number;
  /** Whether the words are shown at all, escaped. */
  readonly quiet?: boolean;
}

const explain = ['explain', '-c', `${hostile}\n`, '--ip', '203.0.113.7', '--no-dns'];
const told = ['--helo', hostile, '--from', `${hostile}@x.example`, '--to', `${hostile}@backup.example`];
const source = `${hostile}\naccess`;
const importing = ['import', source, '--type', 'sendmail-access', '-o', `${hostile}\n`];

const cases: readonly WordsCase[] = [
  { args: [hostile], code: 2 },
  { args: [`--${hostile}`], code: 2 },
  { args: ['lint', `--${hostile}`], code: 2 },
  { args: ['lint', '--format', hostile], code: 2 },
  { args: ['lint', '-c', hostile], code: 2 },
  { args: ['lint', '-c', `${hostile}\n`], code: 1 },
  ...['json', 'github', 'junit'].map((format) => ({
    args: ['lint', '-c', `${hostile}\n`, '--format', format],
    code: 1,
  })),
  { args: [...explain, ...told], code: 1 },
  { args: [...explain, ...told, '--session'], code: 1 },
  { args: [...explain, ...told, '--json'], code: 1 },
  { args: [...explain, '--to', `${hostile}\r\n`], code: 2, quiet: true },
  { args: ['explain', '-c', `${hostile}\n`, '--ip', hostile, '--to', 'a@backup.example'], code: 2 },
  {
    args: ['explain', '-c', `${hostile}\n`, '--ip', '203.0.113.7', '--ptr', hostile, '--to', 'a@backup.example'],
    code: 0,
  },
  { args: ['diff', hostile], code: 2 },
  { args: ['diff', `git:${hostile}`, '-c', `${hostile}\n`], code: 2 },
  ...['text', 'json', 'github'].map((format) => ({
    args: ['diff', 'plain', `${hostile}\n`, '--format', format],
    code: 1,
    quiet: true,
  })),
  { args: ['test', '-c', `${hostile}\n`, 'hostile.test'], code: 2, quiet: true },
  { args: ['test', '-c', `${hostile}\n`, hostile], code: 2 },
  { args: ['why', hostile], code: 2 },
  { args: ['why', 'x.example', '--log', hostile, '-c', `${hostile}\n`], code: 2 },
  { args: ['why', '192.0.2.7', '--log', 'hostile.log', '-c', `${hostile}\n`], code: 0 },
  { args: ['why', '192.0.2.7', '--log', 'hostile.log', '-c', `${hostile}\n`, '--json'], code: 0 },
  { args: ['replay', hostile, '-c', `${hostile}\n`], code: 2 },
  { args: ['replay', 'hostile.log', '-c', `${hostile}\n`], code: 1 },
  { args: ['replay', 'hostile.log', '-c', `${hostile}\n`, '--json'], code: 1 },
  { args: ['replay', 'hostile.log', '-c', `${hostile}\n`, '--since', hostile], code: 2 },
  { args: ['audit', hostile], code: 2 },
  { args: ['audit', '127.0.0.1:1', '--foreign', hostile], code: 2 },
  { args: ['audit', '127.0.0.1:1', '--from', hostile], code: 2 },
  { args: ['audit', '127.0.0.1:1', '--only', hostile], code: 2 },
  { args: ['audit', '127.0.0.1:1', '--ca', hostile], code: 2 },
  { args: ['audit', '127.0.0.1:1', '--pause', hostile], code: 2 },
  { args: ['audit', '127.0.0.1:1', '-c', hostile], code: 2 },
  { args: [...importing, '--dry-run'], code: 1 },
  { args: [...importing, '--dry-run', '--json'], code: 1 },
  { args: [...importing, '--force'], code: 1 },
  { args: ['import', source, '--type', hostile, '-o', 'out'], code: 2 },
  { args: ['import', `${hostile}1`, `${hostile}2`, '-o', 'out'], code: 2 },
  { args: ['init', `${hostile}\n`], code: 0 },
  { args: ['init', `${hostile}\n`, '--json'], code: 0 },
  { args: ['init', hostile], code: 2 },
];

describe('smtpcheck, of words and files with control characters', () => {
  for (const { args, code: expected, quiet = false } of cases) {
    it(`shows them escaped: ${JSON.stringify(args.join(' ')).replaceAll(JSON.stringify(hostile).slice(1, -1), '…')}`, async () => {
      const { code, stdout, stderr } = await smtpcheck(args, { cwd: hostileSite().root.path });
      const output = stdout + stderr;
      assert.equal(code, expected, output);
      // Tabs stay in the message of a finding and in the diff of a source, and do a terminal no harm.
      const keepsTabs = args[0] === 'lint' || args.includes('--dry-run');
      assert.doesNotMatch(keepsTabs ? output.replaceAll('\t', '') : output, obeyed);
      if (!quiet) assert.ok(output.includes(shown), output);
      if (args.includes('--json')) assert.equal(typeof JSON.parse(stdout), 'object');
    });
  }

  it('shows a hostile greeting escaped in the transcript of an audit', async () => {
    const server = await listen(smtpScript({}));
    try {
      const host = `127.0.0.1:${server.port}`;
      const asked = ['--no-tls', '--pause', '0', '--only', 'vrfy-users', '--hello', hostile, '--transcript'];
      const { stdout, stderr } = await smtpcheck(['audit', host, ...asked]);
      assert.doesNotMatch(stdout + stderr, obeyed);
      assert.ok(stdout.includes(`> EHLO ${shown}`), stdout);
    } finally {
      await server.stop();
    }
  });
});

/** What clients and their DNS say, as the suite logs it: nothing that a terminal or a reader of logs would obey. */
import assert from 'node:assert/strict';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { connect } from '../../../testkit/live/smtp-client';
import { runsInFull, supportedVersions } from '../../../testkit/live/versions';
import { obeyed } from '../../../testkit/obeyed';

/** As bytes: ESC, BEL, TAB, DEL, and C1, U+2028 and U+202E in UTF-8; C1 as a byte of its own. */
const hostile: readonly Buffer[] = ['\x1b[31m', '\x07', '\t', '\x7f', '\u009b31m', '\u2028', '\u202e']
  .map((text) => Buffer.from(text))
  .concat(Buffer.of(0x9b));

const line = (before: string, inside: Buffer, after: string) =>
  Buffer.concat([Buffer.from(before), inside, Buffer.from(after)]);

/** Every command that carries a client's words, each in a session that a refusal cannot end early. */
async function speak(haraka: RunningHaraka, inside: Buffer): Promise<void> {
  const dialogues = [
    [line('EHLO a', inside, 'b.example')],
    [line('HELO a', inside, 'b.example')],
    ...['"a', 'a'].flatMap((open) => {
      const close = open === 'a' ? 'b' : 'b"';
      return [
        [line(`MAIL FROM:<${open}`, inside, `${close}@sender.example>`), 'RCPT TO:<user@victim.example>'],
        ['MAIL FROM:<>', line(`RCPT TO:<${open}`, inside, `${close}@victim.example>`)],
        ['MAIL FROM:<>', line(`RCPT TO:<user@a`, inside, `b.victim.example>`)],
      ].map((commands) => ['EHLO client.example', ...commands]);
    }),
    ['EHLO client.example', line('VRFY a', inside, 'b'), line('EXPN a', inside, 'b'), line('EX', inside, 'PN a')],
  ];
  for (const commands of dialogues) {
    const session = await connect({ port: haraka.port });
    for (const command of commands) await session.command(command);
    session.destroy();
  }
}

/** Lines of the suite's own: Haraka logs by itself what a hook was called with. */
const isOurs = (text: string) => /\[smtpcheck\] |origin=smtpcheck |"origin":"smtpcheck"/.test(text);

for (const version of supportedVersions) {
  describe(`the log of Haraka ${version}`, () => {
    for (const format of runsInFull(version) ? ['default', 'logfmt', 'json'] : ['default']) {
      it(`shows escaped what clients, DNS and lists say, in the format ${format}`, async () => {
        const haraka = await startHaraka({
          version,
          plugins: ['hostile_rdns', 'smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
          files: {
            host_list: 'local.example\n',
            localip: '192.0.2.7\n',
            'log.ini': `[main]\nlevel=info\ntimestamps=false\nformat=${format}\n`,
          },
        });
        try {
          for (const inside of hostile) await speak(haraka, inside);
          haraka.write('localip', 'a\x1b[31m\x07\u009b\u202eb\nb\n');
          await haraka.waitForLog(/localip:2: /);
          const lines = haraka.log().split('\n').filter(isOurs);
          for (const line of lines) assert.doesNotMatch(line, obeyed);

          const ours = lines.join('\n');
          // In quotes Haraka doubles the backslash; the text of a line it leaves alone.
          const slash = String.raw`\\\\?`;
          const shows = (pattern: string) => assert.match(ours, new RegExp(pattern.replaceAll('%', slash)));
          for (const key of ['helo', 'from', 'rcpt', 'ptr']) shows(`"?${key}"?[=:]\\S*%u009b`);
          for (const key of ['helo', 'from', 'rcpt', 'ptr']) shows(`"?${key}"?[=:]\\S*%u202e`);
          // Haraka 3.3 refuses the others by itself, and both do in a path.
          if (version === '3.1') for (const c of ['u001b', 'u0007', 't', 'u007f']) shows(`"?helo"?[=:]"a%${c}`);
          shows('localip:1: \\S+: a%u001b.31m%u0007%u009b%u202eb has');
        } finally {
          await haraka.stop();
        }
      });
    }
  });
}

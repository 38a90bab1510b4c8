/** Entries that an editor shows on lines of their own, and that a list has only in a comment: it is not taken without them. */
import assert from 'node:assert/strict';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor, eventually, greet, load, pause, said } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const OK = /^250 /;
const DENIED = '550 5.7.1 Relaying denied';
const outside = 'user@victim.example';

for (const version of versions) {
  describe(`a list with hidden lines, on Haraka ${version}`, () => {
    it('keeps Haraka from starting, and is told of with each line', async () => {
      const { code, output } = await startHaraka({
        version,
        plugins: ['smtpcheck'],
        files: {
          'host.deny': '# bad hosts\r127.66\rspam.example\r',
          localip: '127.9 # campus\r!127.9.66\r',
          localdomain: 'campus.example # all but\u2028!guest.campus.example\n',
          'relay.to': 'backup.example # all but\v!old.backup.example\n',
          'relay.map': 'To:mapped.example RELAY\n# gone\fTo:gone.example REJECT\n',
          'smtpcheck.ini': '; all as it comes, but\u0085[deny]\nat=rcpt\n',
        },
        expectExit: true,
      });
      assert.notEqual(code, 0);
      for (const [at, character] of [
        ['host.deny:1', 'U\\+000D'],
        ['localip:1', 'U\\+000D'],
        ['localdomain:1', 'U\\+2028'],
        ['relay.to:1', 'U\\+000B'],
        ['relay.map:2', 'U\\+000C'],
        ['smtpcheck.ini:1', 'U\\+0085'],
      ] as const) {
        assert.match(output, new RegExp(`${at}: bad-characters: .* has the character ${character}, `));
      }
    });

    describe('that comes while Haraka runs', () => {
      let haraka: RunningHaraka;
      before(async () => {
        haraka = await startHaraka({
          version,
          plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
          files: { host_list: 'local.example', localip: '127.9\n!127.9.66\n', 'host.deny': '127.77\n' },
        });
      });
      after(() => haraka?.stop());

      const greeting = async () => said((await greet(haraka, { from: '127.77.0.1' })).greeting);

      it('leaves an exclusion of localip in force', async () => {
        for (const lineEnd of ['\r', '\v', '\f', '\u0085', '\u2028', '\u2029']) {
          const told = haraka.log().length;
          haraka.write('localip', `127.9 # campus${lineEnd}!127.9.66${lineEnd}`);
          await eventually(
            (log) => /localip:1: bad-characters: /.test(log),
            async () => haraka.log().slice(told),
          );
          assert.equal(await askFor(haraka, outside, { from: '127.9.66.1' }), DENIED);
          assert.match(await askFor(haraka, outside, { from: '127.9.1.1' }), OK);
        }
        await load(haraka, 'localip', '127.9 # campus\r\n!127.9.66\r\n# more\r\n');
        assert.equal(await askFor(haraka, outside, { from: '127.9.66.1' }), DENIED);
      });

      it('leaves host.deny in force', async () => {
        haraka.write('host.deny', '# bad hosts\r127.77\rspam.example\r');
        await haraka.waitForLog(/host\.deny:1: bad-characters: /);
        assert.equal(await greeting(), '554 5.7.1 Access denied');
      });

      it('may be of any size, and is told of once and in a few words', async () => {
        await load(haraka, 'host.deny', '127.77\n# again\n');
        const told = haraka.log().length;
        haraka.write('host.deny', '*.'.repeat(10_000_000));
        await eventually(
          (log) => log.includes('host.deny:1: unexpected-text'),
          async () => haraka.log().slice(told),
        );
        await pause(1000);
        const log = haraka.log().slice(told);
        assert.equal(log.split('host.deny:1: ').length, 2);
        assert.ok(log.length < 3000, log.slice(0, 3000));
        assert.equal(await greeting(), '554 5.7.1 Access denied');
      });
    });
  });
}

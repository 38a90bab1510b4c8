/** Domains beyond ASCII in every spelling, against both of Haraka's address parsers: one decision, and mail goes where it says. */
import assert from 'node:assert/strict';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor, deliver, queuedAs } from '../../../testkit/live/talk';
import { supportedVersions } from '../../../testkit/live/versions';

const DENIED = '550 5.7.1 Relaying denied';

/** Of `bücher`, whose A-label is `xn--bcher-kva`. */
const spellings = [
  'bücher',
  'BÜCHER',
  'Bücher',
  'bu\u0308cher',
  'BU\u0308CHER',
  'ｂüｃｈｅｒ',
  'ＢÜＣＨＥＲ',
  'xn--bcher-kva',
  'XN--Bcher-KVA',
];

for (const version of supportedVersions) {
  describe(`a domain beyond ASCII, on Haraka ${version}`, () => {
    let haraka: RunningHaraka;
    before(async () => {
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
        files: {
          host_list: 'local.example\nxn--bcher-kva.local.example',
          localip: '127.9\n',
          'relay.to': 'backup.example\n!BÜCHER.backup.example\nbücher.example\n',
          'relay.map': 'To:bücher.mapped.example REJECT\nTo:mapped.example RELAY\n',
        },
      });
    });
    after(() => haraka?.stop());

    for (const [number, spelling] of spellings.entries()) {
      it(`is what it is as ${spelling}`, async () => {
        assert.equal(await askFor(haraka, `user@${spelling}.backup.example`), DENIED);
        assert.equal(await askFor(haraka, `user@${spelling}。backup.example`), DENIED);
        assert.equal(await askFor(haraka, `user@${spelling}.mapped.example`), '550 5.7.1 Access denied');
        for (const [domain, from, via] of [
          ['example', undefined, 'outbound'],
          ['local.example', undefined, 'local'],
          ['victim.example', '127.9.0.1', 'outbound'],
        ] as const) {
          const subject = `${number} to ${domain}`;
          await deliver(haraka, [`user@${spelling}.${domain}`], subject, from && { from });
          assert.deepEqual(await queuedAs(haraka, subject), [`${via} user@xn--bcher-kva.${domain}`]);
        }
      });
    }

    it('is refused where it only pretends to be beyond ASCII, from whomever', async () => {
      for (const from of ['127.66.0.1', '127.9.0.1']) {
        for (const domain of ['ｂａｃｋｕｐ.example', 'backup。example', 'lo\u00adcal.example']) {
          const reply = await askFor(haraka, `user@${domain}`, { from });
          assert.equal(reply, '550 5.1.2 Bad destination system address');
        }
      }
    });
  });
}

/** Beside plugins that change recipients and grant relaying: whatever was accepted goes where it was accepted for. */
import assert from 'node:assert/strict';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor, load, open, queuedAs, rcpt, send, type Visit } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const OK = /^250 /;
const DENIED = /^550 5\.7\.1 Relaying denied/;
const trusted = '127.9.0.1';

interface Row {
  readonly name: string;
  readonly visit?: Visit;
  readonly recipients: readonly (readonly [string, RegExp])[];
  readonly queued: readonly string[];
}

const rows: readonly Row[] = [
  {
    name: 'sends out what a partner may be sent, although relaying is off again and a recipient before is dropped',
    recipients: [
      ['user@dropped.example', OK],
      ['user@partner.example', OK],
      ['no-more@victim.example', DENIED],
    ],
    queued: ['outbound user@partner.example'],
  },
  {
    name: 'sends out the same after a local recipient, which stays here',
    recipients: [
      ['user@local.example', OK],
      ['user@partner.example', OK],
      ['no-more@victim.example', DENIED],
      ['other@local.example', OK],
      ['user@backup.example', OK],
    ],
    queued: [
      'local other@local.example',
      'local user@local.example',
      'outbound user@backup.example',
      'outbound user@partner.example',
    ],
  },
  {
    name: "takes a backup recipient beside an archive's copy that no client asked for, and keeps the copy",
    visit: { mail: 'archived@sender.example' },
    recipients: [['user@backup.example', OK]],
    queued: ['local archive@local.example', 'outbound user@backup.example'],
  },
  {
    name: 'keeps a local recipient beside a copy and a backup one',
    visit: { mail: 'archived@sender.example' },
    recipients: [
      ['user@local.example', OK],
      ['user@backup.example', OK],
    ],
    queued: ['local archive@local.example', 'local user@local.example', 'outbound user@backup.example'],
  },
  {
    name: 'sends out a local address that is an alias of a backup one',
    recipients: [
      ['alias@local.example', OK],
      ['user@local.example', OK],
    ],
    queued: ['local user@local.example', 'outbound user@backup.example'],
  },
  {
    name: "keeps a trusted client's mail to our postmaster",
    visit: { from: trusted },
    recipients: [
      ['postmaster', OK],
      ['user@victim.example', OK],
      ['user@local.example', OK],
    ],
    queued: ['local postmaster', 'local user@local.example', 'outbound user@victim.example'],
  },
  {
    name: "keeps mail to our postmaster behind a trusted client's other mail",
    visit: { from: trusted },
    recipients: [
      ['user@victim.example', OK],
      ['postmaster', OK],
    ],
    queued: ['local postmaster', 'outbound user@victim.example'],
  },
];

for (const version of versions) {
  describe(`mail of Haraka ${version} beside plugins that meddle`, () => {
    let haraka: RunningHaraka;
    before(async () => {
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'meddle', 'rcpt_to.in_host_list', 'keep_queue'],
        files: {
          host_list: 'local.example\n',
          localip: '127.9\n',
          'relay.to': 'backup.example\n',
          'relay.map': 'To:dropped.example DISCARD\n',
        },
      });
    });
    after(() => haraka?.stop());

    for (const { name, visit, recipients, queued } of rows) {
      it(name, async () => {
        const client = await open(haraka, visit);
        for (const [recipient, reply] of recipients) assert.match(await rcpt(client, recipient), reply, recipient);
        assert.match(await send(client, name), OK);
        client.destroy();
        assert.deepEqual(await queuedAs(haraka, name), queued);
      });
    }

    for (const restriction of ['true', 'false']) {
      it(`relays for nobody who was revoked while another plugin was busy, with restriction=${restriction}`, async () => {
        await load(haraka, 'smtpcheck.ini', `[relay]\nrestriction=${restriction}\n`);
        const client = await open(haraka, { from: trusted });
        const reply = rcpt(client, 'slow@victim.example');
        await load(haraka, 'localip', '# nobody\n');
        assert.match(await reply, /^421 4\.7\.1 /);
        assert.ok(await client.waitForClose());
        await load(haraka, 'localip', '127.9\n');
      });
    }
  });
}

for (const version of versions) {
  for (const plugins of [
    ['smtpcheck', 'relay'],
    ['relay', 'smtpcheck'],
  ]) {
    describe(`trust of ${plugins.join(' and ')} in Haraka ${version}`, () => {
      const ours = '127.9.0.2';
      let haraka: RunningHaraka;
      before(async () => {
        haraka = await startHaraka({
          version,
          plugins: [...plugins, 'rcpt_to.in_host_list'],
          files: { host_list: 'local.example\n', localip: '127.9\n', relay_acl_allow: `${trusted}/32\n` },
        });
      });
      after(() => haraka?.stop());

      it('ends apart: who is sent away is served on a new connection if the other plugin relays for them', async () => {
        const sessions = [];
        for (const from of [trusted, ours]) {
          const session = await open(haraka, { from });
          assert.match(await rcpt(session, 'user@victim.example'), OK);
          sessions.push(session);
        }
        await load(haraka, 'localip', '# nobody\n');
        for (const session of sessions) {
          assert.match(await rcpt(session, 'user@victim.example'), /^421 4\.7\.1 /);
          assert.ok(await session.waitForClose());
        }
        assert.match(await askFor(haraka, 'user@victim.example', { from: trusted }), OK);
        assert.match(await askFor(haraka, 'user@victim.example', { from: ours }), DENIED);
        assert.match(await haraka.waitForLog(/smtpcheck defer.*rule=trust-withdrawn/), /reason="421 4\.7\.1 /);
      });
    });
  }
}

/** `smtpcheck audit` of a Postfix that defers what it should refuse, as Debian configures it, and of one that defers all. */
import assert from 'node:assert/strict';
import { shownResults } from '../../cli/audit/audit-of';
import { onPeers } from '../servers/on-package';
import { postfix } from './configs';
import { assertReport, auditPeer, relaying } from './expect';
import { startPeer } from './peer';

const site = { local: ['local.example.org'], backup: ['backup.example.org'], tls: false } as const;
const asDebian = { smtpd_relay_restrictions: 'permit_mynetworks permit_sasl_authenticated defer_unauth_destination' };
const remedied = {
  smtpd_relay_restrictions: 'permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination',
};

onPeers('audit of a Postfix that defers', ['postfix'], (roots) => {
  it('finds all relaying deferred by the default of Debian, and besides what that default permits', async () => {
    const peer = await startPeer(roots, postfix({ settings: asDebian }));
    try {
      const audited = await auditPeer(peer, 'smtp', site);
      assertReport(peer, audited, {
        unsafe: ['vrfy-users', 'mail-before-hello'],
        report: ['local-delivery', 'rcpt-users', 'rcpt-timing', 'vrfy-timing', 'hello-junk', 'banner-version'],
      });
      const { ids, results } = audited;
      assert.deepEqual([...ids.deferred].sort(), [...relaying].sort(), shownResults(results, ['deferred', 'safe']));
      assert.match(shownResults(results, ['deferred']), /454 4\.7\.1 <\S+>: Relay access denied/);
    } finally {
      await peer.stop();
    }
  });

  it('takes the name in the banner for local where none is named, and ends with 0', async () => {
    const settings = { ...asDebian, mydestination: '$myhostname' };
    const peer = await startPeer(roots, postfix({ settings }));
    try {
      const { ids, results, code } = await auditPeer(peer, 'smtp', { only: relaying, tls: false });
      assert.deepEqual([...ids.deferred].sort(), [...relaying].sort(), shownResults(results, ['unknown', 'safe']));
      assert.equal(code, 0);
    } finally {
      await peer.stop();
    }
  });

  it('finds all of it safe with the setting that it recommends', async () => {
    const peer = await startPeer(roots, postfix({ settings: remedied }));
    try {
      const { ids, results, code } = await auditPeer(peer, 'smtp', { ...site, only: relaying });
      assert.deepEqual([...ids.safe].sort(), [...relaying].sort(), shownResults(results, ['unknown', 'deferred']));
      assert.equal(code, 0);
    } finally {
      await peer.stop();
    }
  });

  const everybody = [
    { name: 'for a look-up that fails', settings: { relay_domains: 'texthash:/nonexistent' } },
    { name: 'for load', settings: { smtpd_client_restrictions: 'defer' } },
  ];
  for (const { name, settings } of everybody) {
    it(`cannot tell of one that defers every recipient ${name}`, async () => {
      const peer = await startPeer(roots, postfix({ settings: { ...asDebian, ...settings } }));
      try {
        const { ids, results, code } = await auditPeer(peer, 'smtp', {
          ...site,
          only: ['relay-plain', 'relay-senders'],
        });
        assert.deepEqual(ids.unknown, ['relay-plain', 'relay-senders'], shownResults(results, ['deferred', 'safe']));
        assert.equal(code, 2);
      } finally {
        await peer.stop();
      }
    });
  }
});

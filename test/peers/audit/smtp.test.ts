/** `smtpcheck audit` of sendmail and Postfix, in a safe and in an open configuration. */
import assert from 'node:assert/strict';
import { shownResults } from '../../cli/audit/audit-of';
import { onPeers } from '../servers/on-package';
import { postfix, safePostfix, sendmail } from './configs';
import { assertReport, auditPeer, type Expected, relaying } from './expect';
import { type PeerOptions, startPeer } from './peer';

interface PeerCase {
  readonly name: string;
  readonly peer: PeerOptions;
  readonly wishes?: Parameters<typeof auditPeer>[2];
  readonly expected: Expected;
}

const site = { local: ['local.example.org'], backup: ['backup.example.org'] } as const;

/** Both refuse unknown users at RCPT, as they should, and so tell them; stock sendmail offers CRAM-MD5 in clear. */
const postfixAlways = ['local-delivery', 'rcpt-users', 'rcpt-timing'];
const sendmailAlways = [...postfixAlways, 'auth-without-tls', 'banner-version'];

const openPostfix = {
  mynetworks: '0.0.0.0/0',
  smtpd_relay_restrictions: 'permit_mynetworks, reject_unauth_destination',
  smtpd_authorized_xclient_hosts: '127.0.0.0/8',
  smtpd_banner: '$myhostname ESMTP $mail_name ($mail_version)',
  smtpd_forbid_bare_newline: 'no',
};

const cases: readonly PeerCase[] = [
  {
    name: 'a safe Postfix, which is clean over STARTTLS too',
    peer: postfix({ settings: safePostfix }),
    expected: { report: postfixAlways },
  },
  {
    name: 'an open Postfix',
    peer: postfix({ settings: openPostfix }),
    wishes: { tls: false },
    expected: {
      unsafe: [...relaying, 'xclient', 'vrfy-users', 'mail-before-hello'],
      report: [...postfixAlways, 'vrfy-timing', 'hello-junk', 'banner-version'],
    },
  },
  {
    name: 'a safe sendmail, which is clean over STARTTLS too',
    peer: sendmail({ features: [], privacy: 'goaway,noetrn', defines: { confSMTP_LOGIN_MSG: '$j ESMTP' } }),
    expected: { report: [...sendmailAlways, 'auth-mechanisms', 'mail-before-hello'] },
  },
  {
    name: 'an open sendmail',
    peer: sendmail({ features: ['promiscuous_relay'] }),
    wishes: { tls: false },
    expected: {
      unsafe: [...relaying, 'vrfy-users', 'expn-lists', 'mail-before-hello'],
      report: [...sendmailAlways, 'vrfy-timing', 'old-commands'],
    },
  },
  {
    name: 'a sendmail that lets routes pass to the domains it relays for',
    peer: sendmail({ features: ['loose_relay_check'], privacy: 'goaway,noetrn' }),
    wishes: { tls: false },
    expected: { report: [...sendmailAlways, 'relay-routes'] },
  },
];

onPeers('audit of other SMTP servers', ['postfix', 'sendmail'], (roots) => {
  for (const { name, peer: options, wishes = {}, expected } of cases) {
    it(`judges ${name}`, async () => {
      const peer = await startPeer(roots, options);
      try {
        assertReport(peer, await auditPeer(peer, 'smtp', { ...site, ...wishes }), expected);
      } finally {
        await peer.stop();
      }
    });
  }

  const smuggling = {
    ...site,
    tls: false,
    only: ['smuggling'],
    smuggling: true,
    deliverCanary: 'root@local.example.org',
  };
  const endings = [
    { forbid: 'yes', verdict: 'safe' },
    { forbid: 'no', verdict: 'unsafe' },
  ] as const;
  for (const { forbid, verdict } of endings) {
    it(`finds Postfix ${verdict} from smuggling with smtpd_forbid_bare_newline = ${forbid}`, async () => {
      const peer = await startPeer(roots, postfix({ settings: { ...safePostfix, smtpd_forbid_bare_newline: forbid } }));
      try {
        const { ids, results } = await auditPeer(peer, 'smtp', { ...smuggling, timeout: 3000 });
        assert.deepEqual(ids[verdict], ['smuggling'], shownResults(results, ['safe', 'unsafe', 'unknown', 'report']));
      } finally {
        await peer.stop();
      }
    });
  }
});

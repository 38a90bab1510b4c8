/** `smtpcheck audit --pop3` of the POP3 servers that Debian has, as careful operators run them and as one finds them. */

import { onPeers } from '../servers/on-package';
import { dovecot, mailutils, popa3d } from './configs';
import { assertReport, auditPeer, type Expected } from './expect';
import { type PeerOptions, startPeer } from './peer';

interface PeerCase {
  readonly name: string;
  readonly peer: PeerOptions;
  readonly wishes?: Parameters<typeof auditPeer>[2];
  readonly expected: Expected;
}

/** What cannot be asked of a server without TLS. */
const overTls = [
  'pop3-sasl-tls',
  'pop3-rpop',
  'pop3-users',
  'pop3-failure-delay',
  'pop3-certificate',
  'pop3-tls-versions',
  'pop3-stls-injection',
  'pop3-version',
];

const cases: readonly PeerCase[] = [
  {
    name: 'Dovecot that requires TLS',
    peer: dovecot({ ssl: 'required', plaintext: false, mechanisms: 'plain login', greeting: 'ready' }),
    expected: {},
  },
  {
    name: 'Dovecot that offers APOP and CRAM-MD5 beside TLS, and says its name',
    peer: dovecot({ ssl: 'yes', plaintext: false, mechanisms: 'plain apop cram-md5' }),
    expected: { report: ['pop3-apop', 'pop3-sasl-clear', 'pop3-sasl-tls', 'pop3-version'] },
  },
  {
    name: 'Dovecot without TLS that takes plain text and ANONYMOUS',
    peer: dovecot({ ssl: 'no', plaintext: true, mechanisms: 'plain login anonymous', greeting: 'ready' }),
    expected: {
      unsafe: ['pop3-plain-login', 'pop3-sasl-clear'],
      report: ['pop3-stls-offered'],
      unknown: overTls,
    },
  },
  {
    name: 'Dovecot that takes plain text though it has TLS',
    peer: dovecot({ ssl: 'yes', plaintext: true, mechanisms: 'plain', greeting: 'ready' }),
    expected: { unsafe: ['pop3-plain-login', 'pop3-sasl-clear'] },
  },
  {
    name: 'popa3d, which knows no TLS',
    peer: popa3d(),
    wishes: { tls: false },
    expected: { unsafe: ['pop3-plain-login'] },
  },
  {
    name: 'mailutils without TLS, which offers APOP and never tires',
    peer: mailutils('no'),
    wishes: { tls: false },
    expected: { unsafe: ['pop3-plain-login'], report: ['pop3-apop', 'pop3-failure-delay'] },
  },
  {
    name: 'mailutils that requires TLS, of which it takes old versions',
    peer: mailutils('required'),
    expected: { unsafe: ['pop3-tls-versions'], report: ['pop3-apop', 'pop3-failure-delay'] },
  },
];

onPeers('audit of other POP3 servers', ['dovecot', 'popa3d', 'mailutils'], (roots) => {
  for (const { name, peer: options, wishes = {}, expected } of cases) {
    it(`judges ${name}`, async () => {
      const peer = await startPeer(roots, options);
      try {
        assertReport(peer, await auditPeer(peer, 'pop3', wishes), expected);
      } finally {
        await peer.stop();
      }
    });
  }
});

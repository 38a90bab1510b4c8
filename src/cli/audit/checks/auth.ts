/** Whether a password may cross the line in clear text, and by which mechanisms it may at all. */
import type { Fix, SmtpCheck } from '../check';
import { report, safe, unknown, unsafe } from '../outcome';
import { type Reply, shownReply } from '../session/smtp-dialogue';
import { shortened } from '../transcript';

const fix: Fix = {
  haraka:
    'Offer AUTH only under TLS: `[core] requires_tls`-like settings of your auth plugin, and no auth plugin on port 25.',
  sendmail: "define(`confAUTH_OPTIONS', `A p y'): no plain text without TLS, nothing anonymous.",
  postfix: '`smtpd_tls_auth_only = yes`, `smtpd_sasl_security_options = noanonymous`; no AUTH on port 25.',
  dovecot: '`disable_plaintext_auth = yes` (`auth_allow_cleartext = no` since 2.4) and `ssl = required`.',
};

/** Mechanisms that send the password, or data it can be computed from, readable for anyone on the path. */
export const clearMechanisms: ReadonlySet<string> = new Set(['PLAIN', 'LOGIN', 'XOAUTH2', 'OAUTHBEARER']);
/** Mechanisms that are broken, or open by design. */
export const weakMechanisms: ReadonlySet<string> = new Set([
  'CRAM-MD5',
  'DIGEST-MD5',
  'NTLM',
  'SKEY',
  'SECURID',
  'APOP',
]);
export const openMechanisms: ReadonlySet<string> = new Set(['ANONYMOUS']);

export function mechanismsOf(offers: ReadonlyMap<string, string>): readonly string[] {
  const words = (offers.get('AUTH') ?? '').toUpperCase().split(/[\s=]+/);
  return [...new Set(words.filter((word) => word !== '' && word !== 'AUTH'))];
}

const clear: SmtpCheck = {
  id: 'auth-without-tls',
  title: 'AUTH in clear text',
  why: 'A password that is sent before TLS belongs to everyone on the way; a client that is offered it will send it.',
  fix,
  on: ['plain'],
  async run(context) {
    const smtp = await context.greeted();
    const offered = mechanismsOf(smtp.offers);
    const begun: string[] = [];
    let last: Reply | undefined;
    for (const mechanism of ['LOGIN', 'PLAIN']) {
      last = await context.command(smtp, `AUTH ${mechanism}`);
      if (last.code !== 334) continue;
      begun.push(mechanism);
      await context.command(smtp, '*');
    }
    const exposed = offered.filter((mechanism) => clearMechanisms.has(mechanism) || openMechanisms.has(mechanism));
    if (begun.length > 0)
      return unsafe(`AUTH ${begun.join(', ')} begins without TLS${exposed.length > 0 ? '' : ', though not offered'}`);
    if (exposed.length > 0) return unsafe(`offered without TLS: ${exposed.join(', ')}`);
    if (offered.length > 0) return report(`offered without TLS, no password in clear text: ${offered.join(', ')}`);
    if (last === undefined || (last.code >= 400 && last.code < 500)) {
      return unknown(`AUTH → ${last === undefined ? 'no answer' : shortened(shownReply(last))}`);
    }
    return safe(`not offered, and AUTH is refused: ${shortened(shownReply(last))}`);
  },
};

const mechanisms: SmtpCheck = {
  id: 'auth-mechanisms',
  title: 'AUTH mechanisms under TLS',
  why: 'ANONYMOUS lets anyone in; CRAM-MD5, DIGEST-MD5 and NTLM make the server keep the password in clear text and can be guessed offline.',
  fix,
  on: ['starttls', 'implicit'],
  async run(context) {
    const smtp = await context.greeted();
    const offered = mechanismsOf(smtp.offers);
    const open = offered.filter((mechanism) => openMechanisms.has(mechanism));
    const weak = offered.filter((mechanism) => weakMechanisms.has(mechanism));
    if (open.length > 0) return unsafe(`offered: ${open.join(', ')}`);
    if (weak.length > 0) return report(`weak ones among those offered: ${weak.join(', ')}`);
    return safe(offered.length === 0 ? 'none offered' : `offered: ${offered.join(', ')}`);
  },
};

export const authChecks: readonly SmtpCheck[] = [clear, mechanisms];

/** Why a verdict matters and what to change: the check's own text, or that of a verdict that means the same in every check. */
import type { Check, Fix } from './check';
import type { Verdict } from './outcome';

export interface Remedy {
  readonly why: string;
  readonly fix: Fix;
  /** The heading in docs/reference/audit.md. */
  readonly anchor: string;
}

const deferredRelaying: Remedy = {
  why: 'Nobody relays through this server, but a client that is deferred comes back for days: spammers try again and again, and a sender who was wrong learns it only when their own server gives up.',
  fix: {
    haraka:
      'Load `smtpcheck` with `[relay] restriction=true`: it refuses with 550, and defers only while a list is unavailable or a name cannot be looked up (“Relaying temporarily denied”). Any other deferral is from another rcpt plugin, which the log names.',
    sendmail:
      'The stock rules refuse with 550: look for `ERROR:4.7.1:454 …` in /etc/mail/access and for a local check_rcpt that defers.',
    postfix:
      '`smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination`: the default, which Debian writes into main.cf, ends with `defer_unauth_destination`. `soft_bounce = no`.',
    dovecot: 'Not a matter of Dovecot; look at the server it hands mail to.',
  },
  anchor: 'deferred-instead-of-refused',
};

export function remedyOf({ id, why, fix }: Check<never>, verdict: Verdict): Remedy {
  return verdict === 'deferred' ? deferredRelaying : { why, fix, anchor: id };
}

/** The other half of a policy: whether the server accepts the mail that it should accept. */

import type { SmtpCheck } from '../check';
import { type Outcome, report, safe, unknown, unsafe } from '../outcome';
import { randomUser } from '../session/channel';
import { DialogueFault } from '../session/dialogue-fault';
import { isAccepted, isRefused, type Reply, shownReply } from '../session/smtp-dialogue';
import type { SmtpContext } from '../smtp-context';
import { shortened } from '../transcript';

async function rcptReply(context: SmtpContext, address: string): Promise<Reply | 'login-first'> {
  const sender = await context.sender();
  if (sender === 'login-first') return 'login-first';
  const { mail, rcpts } = await context.transact(`MAIL FROM:<${sender}>`, [`RCPT TO:<${address}>`]);
  return rcpts[0] ?? mail;
}

async function allAccepted(context: SmtpContext, addresses: readonly string[]): Promise<Outcome> {
  const refused: string[] = [];
  const open: string[] = [];
  for (const address of addresses) {
    const reply = await rcptReply(context, address);
    if (reply === 'login-first') return unknown('MAIL asks for AUTH first: this is a port for submission, ask port 25');
    const shown = `${address} → ${shortened(shownReply(reply))}`;
    // A denial of relaying stands, even with a code for "later": the sender's server gives up in the end.
    if (isRefused(reply) || (await context.answerTo(reply)) === 'relaying-deferred') refused.push(shown);
    else if (!isAccepted(reply)) open.push(shown);
  }
  if (refused.length > 0) return unsafe(`refused: ${refused.join('; ')}`);
  if (open.length > 0) return unknown(open.join('; '));
  return safe(`accepted: ${addresses.join(', ')}`);
}

const local: SmtpCheck = {
  id: 'local-accepted',
  title: 'Mail for our own domains is taken',
  why: 'A rule that keeps strangers out may keep our own mail out too. RFC 5321 §4.5.1: postmaster of every domain is always taken.',
  fix: {
    haraka: 'List the domain in config/host_list and load rcpt_to.in_host_list (or your own recipient plugin).',
    sendmail: 'List it in class w (/etc/mail/local-host-names), with an alias for postmaster.',
    postfix: 'List it in `mydestination` or `virtual_mailbox_domains`.',
    dovecot: 'Give postmaster a mailbox or an alias.',
  },
  applies: ({ audit }) => audit.site.localDomains.length > 0,
  run: async (context) =>
    await allAccepted(
      context,
      context.audit.site.localDomains.map((domain) => `postmaster@${domain}`),
    ),
};

const backup: SmtpCheck = {
  id: 'backup-accepted',
  title: 'Mail we are backup MX for is taken',
  why: 'A backup MX that refuses is noticed on the day the first server is down.',
  fix: {
    haraka: 'List the domain or address in config/relay.to.',
    sendmail: 'List it in /etc/mail/relay-domains, or as `To:domain RELAY` in access.',
    postfix: 'List it in `relay_domains`, and its users in `relay_recipient_maps`.',
    dovecot: 'Not a matter of Dovecot.',
  },
  applies: ({ audit }) => audit.site.backupRecipients.length > 0,
  run: async (context) =>
    await allAccepted(
      context,
      context.audit.site.backupRecipients.map(({ address }) => address),
    ),
};

const localAccept: SmtpCheck = {
  id: 'local-delivery',
  title: 'What the server takes for itself',
  why: 'Taking mail for its own users is what a mail server is for, and no relaying: it is shown so that nobody mistakes it for that.',
  fix: {
    haraka: 'Let a recipient plugin refuse unknown users, where the server knows them.',
    sendmail: 'Nothing to fix, unless a catch-all is not meant.',
    postfix: '`local_recipient_maps`, `virtual_mailbox_maps`: without them unknown users are taken and bounced.',
    dovecot: 'LMTP refuses unknown users; let the server in front ask it.',
  },
  async run(context) {
    await context.sender();
    const observed: string[] = [];
    for (const domain of context.localDomains) {
      const replies: string[] = [];
      for (const user of ['postmaster', randomUser()]) {
        const address = `${user}@${domain}`;
        const reply = await rcptReply(context, address);
        if (reply === 'login-first') return safe('nothing is taken before AUTH: MAIL is answered with 530');
        replies.push(`${user.startsWith('zz-') ? 'a user that cannot exist' : user} ${reply.code}`);
      }
      observed.push(`${domain}: ${replies.join(', ')}`);
    }
    if (observed.length === 0) throw new DialogueFault('unanswered', 'no local domain is known: say --local DOMAIN');
    const accepts = observed.some((one) => / 25[01]\b/.test(one));
    return accepts ? report(`local delivery, not relaying: ${observed.join('; ')}`) : safe(observed.join('; '));
  },
};

export const expectedChecks: readonly SmtpCheck[] = [local, backup, localAccept];

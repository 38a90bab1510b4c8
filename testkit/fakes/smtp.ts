/** A careful SMTP server for the audit, with weaknesses that can be switched on one by one. */
import { type Line, type Script, users } from './listener';

export type SmtpWeakness =
  | 'relays'
  | 'relays-for-local-senders'
  | 'follows-percent'
  | 'follows-source-routes'
  | 'relays-to-literals'
  | 'compares-endings'
  | 'reads-past-nul'
  | 'obeys-xclient'
  | 'trusts-transaction'
  | 'trusts-connection'
  | 'refuses-postmaster'
  | 'refuses-backup'
  | 'vrfy-tells'
  | 'vrfy-tells-before-helo'
  | 'vrfy-is-slow-for-users'
  | 'expn-tells'
  | 'rcpt-tells'
  | 'rcpt-is-slow-for-users'
  | 'obeys-debug'
  | 'obeys-etrn'
  | 'no-helo-needed'
  | 'takes-junk'
  | 'echoes-junk'
  | 'offers-auth-in-clear'
  | 'takes-auth-in-clear'
  | 'offers-cram-in-clear'
  | 'offers-anonymous'
  | 'no-starttls'
  | 'keeps-injected'
  | 'goes-on-in-clear'
  | 'keeps-transaction'
  | 'old-tls'
  | 'tells-version'
  | 'ends-at-lf'
  | 'greylists'
  | 'greylists-all-but-postmaster'
  | 'defers-relaying'
  | 'denies-relaying-for-now'
  | 'defers-everyone'
  | 'asks-for-login';

export interface SoundSmtp {
  readonly weak?: readonly SmtpWeakness[];
  readonly local?: string;
  readonly backup?: string;
  readonly name?: string;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A server that does everything right, but for the weaknesses it is given. */
export function smtpScript({ weak = [], local = 'local.example.org', backup = 'backup.example.org', name }: SoundSmtp) {
  const has = (weakness: SmtpWeakness): boolean => weak.includes(weakness);
  const self = name ?? 'mx.local.example.org';

  return (): Script => {
    let greeted = false;
    let sender: string | undefined;
    let data: string[] | undefined;
    let awaitsAuth = false;
    let lastEnding = '';
    let trusted = false;
    let trustedNow = false;
    let heardAnyAccepted = false;

    const judge = (mailbox: string): string => {
      const denied = has('defers-relaying')
        ? `454 4.7.1 <${mailbox}>: Relay access denied`
        : has('denies-relaying-for-now')
          ? '450 4.7.1 Relaying temporarily denied'
          : '550 5.7.1 Relaying denied';
      if (has('defers-everyone')) return `454 4.7.1 <${mailbox}>: Relay access denied`;
      if (has('greylists-all-but-postmaster') && !/^postmaster\b/i.test(mailbox)) {
        return '454 4.7.1 Greylisted for 300 seconds';
      }
      if (has('greylists')) return '451 4.7.1 Greylisted, come back later';
      if (mailbox.toLowerCase() === 'postmaster') return '250 2.1.5 OK';
      let address = mailbox;
      if (has('follows-source-routes')) {
        if (/^@[^:]+:[^"%!]+$/.test(address)) return '250 2.1.5 OK, routed';
      }
      address = address.replace(/^@[^:]*:/, '');
      if (has('relays') || trusted || trustedNow) return '250 2.1.5 OK';
      if (has('relays-for-local-senders') && sender?.toLowerCase().endsWith(`@${local}`)) return '250 2.1.5 OK';
      if (has('reads-past-nul') && address.includes('\0')) return '250 2.1.5 OK';
      const at = address.lastIndexOf('@');
      const domain = address.slice(at + 1).toLowerCase();
      const user = at < 0 ? address : address.slice(0, at);
      if (/[%!@"\\]/.test(user)) {
        return has('follows-percent') && user.includes('%') && domain === local ? '250 2.1.5 OK, routed' : denied;
      }
      if (has('relays-to-literals') && domain.startsWith('[')) return '250 2.1.5 OK';
      if (has('compares-endings') && domain.endsWith(local) && !domain.includes('(')) return '250 2.1.5 OK';
      if (domain === backup) return has('refuses-backup') ? denied : '250 2.1.5 OK';
      if (at < 0 || domain !== local) return denied;
      if (user === 'postmaster' && has('refuses-postmaster')) return '550 5.1.1 User unknown';
      if ((has('rcpt-tells') || has('follows-percent')) && !users.has(user)) return '550 5.1.1 User unknown';
      return '250 2.1.5 OK';
    };

    const answer = async (text: string, line: Line): Promise<string | undefined> => {
      const [verb = '', ...words] = text.split(' ');
      const rest = words.join(' ');
      switch (verb.toUpperCase()) {
        case 'EHLO':
        case 'HELO': {
          const junk = !/^(?:[A-Za-z0-9.-]{1,255}|\[[0-9a-fA-F.:IPv]+\])$/.test(rest);
          if (junk && !has('takes-junk') && !has('echoes-junk')) return '501 5.0.0 Invalid domain name';
          greeted = true;
          sender = undefined;
          trustedNow = false;
          if (junk && has('echoes-junk')) return `250 Hello ${rest}`;
          if (verb.toUpperCase() === 'HELO') return `250 ${self}`;
          const offers = [self, 'PIPELINING', 'SIZE 10240000', '8BITMIME', 'DSN'];
          if (!line.isSecure && !has('no-starttls')) offers.push('STARTTLS');
          if (!line.isSecure && has('offers-auth-in-clear')) offers.push('AUTH PLAIN LOGIN');
          if (!line.isSecure && has('offers-cram-in-clear')) offers.push('AUTH CRAM-MD5');
          if (line.isSecure) offers.push(has('offers-anonymous') ? 'AUTH PLAIN ANONYMOUS' : 'AUTH PLAIN LOGIN');
          return offers.map((offer, at) => `250${at === offers.length - 1 ? ' ' : '-'}${offer}`).join('\r\n');
        }
        case 'STARTTLS':
          if (has('no-starttls') || line.isSecure) return '502 5.5.1 Not here';
          line.write('220 2.0.0 Ready\r\n');
          if (!has('keeps-transaction')) {
            greeted = false;
            sender = undefined;
          }
          if (has('goes-on-in-clear')) {
            line.secureIfAsked();
            return undefined;
          }
          line.secure(has('keeps-injected'));
          return undefined;
        case 'MAIL':
          if (has('asks-for-login')) return '530 5.7.0 Authentication required';
          if (!greeted && !has('no-helo-needed')) return '503 5.0.0 Polite people say HELO first';
          sender = /<([^>]*)>/.exec(rest)?.[1] ?? '';
          return '250 2.1.0 OK';
        case 'RCPT': {
          if (sender === undefined) return '503 5.5.1 MAIL first';
          const mailbox = /^TO:\s*<(.*?)>(?: |$)/i.exec(rest)?.[1] ?? /^TO:\s*(\S+)$/i.exec(rest)?.[1];
          if (mailbox === undefined || />\s*</.test(rest)) return '501 5.1.3 Bad recipient';
          const reply = judge(mailbox);
          if (has('rcpt-is-slow-for-users') && users.has(mailbox.split('@')[0] ?? '')) await wait(120);
          if (reply.startsWith('250')) {
            heardAnyAccepted = true;
            if (has('trusts-transaction')) trustedNow = true;
            if (has('trusts-connection')) trusted = true;
          }
          return reply;
        }
        case 'RSET':
          sender = undefined;
          trustedNow = false;
          return '250 2.0.0 OK';
        case 'DATA':
          if (!heardAnyAccepted) return '503 5.5.1 RCPT first';
          data = [];
          return '354 Go on';
        case 'VRFY':
        case 'EXPN': {
          const tells =
            has(verb.toUpperCase() === 'VRFY' ? 'vrfy-tells' : 'expn-tells') ||
            (verb.toUpperCase() === 'VRFY' && has('vrfy-tells-before-helo') && !greeted);
          const user = rest.split('@')[0] ?? '';
          if (has('vrfy-is-slow-for-users') && users.has(user)) await wait(120);
          if (tells) return users.has(user) ? `250 2.1.5 <${user}@${local}>` : `550 5.1.1 ${rest}... User unknown`;
          if (verb.toUpperCase() === 'EXPN') return '502 5.7.0 Sorry, we do not allow this operation';
          return '252 2.5.2 Cannot VRFY user; try RCPT to attempt delivery';
        }
        case 'AUTH': {
          const usable = line.isSecure || has('offers-auth-in-clear') || has('takes-auth-in-clear');
          if (!usable) return '538 5.7.11 Encryption required';
          awaitsAuth = true;
          return '334 ';
        }
        case 'XCLIENT':
          return has('obeys-xclient') ? '220 mx ESMTP' : '500 5.5.1 Unknown command';
        case 'DEBUG':
          return has('obeys-debug') ? '200 Debug set' : '500 5.5.1 Unknown command';
        case 'ETRN':
          return has('obeys-etrn') ? '250 2.0.0 Queuing started' : '502 5.7.0 Sorry, we do not allow this operation';
        case 'NOOP':
          return '250 2.0.0 OK';
        case 'HELP':
          return has('tells-version') ? '214-This is Postfix version 3.7.11\r\n214 End' : '214 See RFC 5321';
        case 'QUIT':
          line.write('221 2.0.0 Bye\r\n');
          line.close();
          return undefined;
        default:
          return '500 5.5.1 Unknown command';
      }
    };

    return {
      open: (line) => line.write(`220 ${self} ESMTP${has('tells-version') ? ' Postfix 3.7.11' : ''}\r\n`),
      heard: async (text, line, ending) => {
        const before = lastEnding;
        lastEnding = ending;
        if (awaitsAuth) {
          awaitsAuth = false;
          line.write('501 5.7.0 Cancelled\r\n');
          return;
        }
        if (data !== undefined) {
          data.push(text);
          const proper = before === '\r\n' && ending === '\r\n';
          if (text === '.' && (proper || has('ends-at-lf'))) {
            data = undefined;
            line.write('250 2.0.0 Queued\r\n');
          }
          return;
        }
        const reply = await answer(text, line);
        if (reply !== undefined) line.write(`${reply}\r\n`);
      },
    };
  };
}

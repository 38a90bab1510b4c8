/** Whether mail and passwords can cross the line sealed, and whether the seal holds. */

import type { Fix, SmtpCheck } from '../check';
import { safe, unknown, unsafe } from '../outcome';
import { judgeCertificate } from '../session/certificate';
import { answered, DialogueFault, unlessClosed } from '../session/dialogue-fault';
import { isAccepted, isRefused, shownReply } from '../session/smtp-dialogue';
import { certificateName, judgeOldVersions, oldTlsOptions, sendsPasswords } from '../session/tls-questions';
import { shortened } from '../transcript';

const fix: Fix = {
  haraka: 'Load `tls` in config/plugins, with `tls_cert.pem` and `tls_key.pem` or config/tls/*.pem.',
  sendmail: 'define confSERVER_CERT, confSERVER_KEY, confCACERT_PATH in sendmail.mc.',
  postfix: '`smtpd_tls_chain_files`, `smtpd_tls_security_level = may` (port 25) or `encrypt` (587).',
  dovecot: '`ssl_cert`, `ssl_key` (2.4: `ssl_server_cert_file`, `ssl_server_key_file`), `ssl_min_protocol = TLSv1.2`.',
};

const offered: SmtpCheck = {
  id: 'starttls-offered',
  title: 'STARTTLS is offered',
  why: 'Without it every message can be read and changed on the way. Say --no-tls for a server that has none on purpose.',
  fix,
  on: ['plain'],
  async run(context) {
    const smtp = await context.greeted();
    const has = smtp.offers.has('STARTTLS');
    const reply = await smtp.starttls(context.tlsOptions);
    if (reply.code === 220)
      return has ? safe(shortened(shownReply(reply))) : unsafe('works, but EHLO does not offer it');
    if (has) return unsafe(`offered, but ${shortened(shownReply(reply))}`);
    return unsafe(`not offered; STARTTLS → ${shortened(shownReply(reply))}`);
  },
};

const certificate: SmtpCheck = {
  id: 'certificate',
  title: 'The certificate: name, chain, expiry',
  why: 'A certificate that is expired or for another name lets someone in the middle pass for you, and teaches clients to ignore it.',
  fix,
  on: ['starttls', 'implicit'],
  async run(context) {
    const smtp = await context.connect();
    const facts = smtp.dialogue.tlsFacts;
    if (facts === undefined) return unknown('no TLS');
    return judgeCertificate(facts, {
      name: certificateName(context.channel, context.audit, context.serverName),
      strict: sendsPasswords(context.channel),
      now: Date.now(),
    });
  },
};

const versions: SmtpCheck = {
  id: 'tls-versions',
  title: 'TLS 1.0 and 1.1',
  why: 'RFC 8996: both are broken beyond use.',
  fix: {
    ...fix,
    haraka: '`minVersion=TLSv1.2` in config/tls.ini (the default of Node).',
    postfix: '`smtpd_tls_protocols = >=TLSv1.2`.',
  },
  on: ['starttls', 'implicit'],
  async run(context) {
    const { channel, audit } = context;
    const options = oldTlsOptions(channel, audit);
    return await judgeOldVersions(async () => {
      if (channel.security === 'implicit') {
        const smtp = await context.connectClear(options);
        return smtp.dialogue.tlsFacts?.version ?? 'TLS';
      }
      const smtp = await context.connectClear();
      await context.hello(smtp);
      const reply = await smtp.starttls(options);
      if (reply.code !== 220) throw new DialogueFault('unanswered', `STARTTLS → ${shortened(shownReply(reply))}`);
      return smtp.dialogue.tlsFacts?.version ?? 'TLS';
    }, sendsPasswords(channel));
  },
};

const injection: SmtpCheck = {
  id: 'starttls-injection',
  title: 'A command smuggled in before the handshake',
  why: 'CVE-2011-0411: what arrives in clear text behind STARTTLS must be thrown away, or someone in the middle speaks as the client inside TLS.',
  fix: {
    haraka: 'Haraka drops what was sent before the handshake; update it if this is seen.',
    sendmail: 'Update: mended in 8.14.5 and 8.17.',
    postfix: 'Update: mended in 2.8.1.',
    dovecot: 'Update: mended in 2.3.14.1 (CVE-2021-33515).',
  },
  on: ['starttls'],
  async run(context) {
    const smtp = await context.beforeStarttls();
    context.audit.budget.spendCommand();
    // An unknown verb: its 5xx cannot be taken for the reply to what we say next.
    smtp.dialogue.write('STARTTLS\r\nXSMUGGLED before the handshake\r\n');
    const reply = await smtp.reply();
    if (isRefused(reply)) return safe(`pipelined STARTTLS is refused: ${shortened(shownReply(reply))}`);
    if (reply.code !== 220) return unknown(`STARTTLS → ${shortened(shownReply(reply))}`);
    try {
      await smtp.dialogue.startTls(context.tlsOptions);
    } catch (error) {
      if (error instanceof DialogueFault && error.kind === 'tls') return safe(`the server hangs up: ${error.message}`);
      throw error;
    }
    const first = await unlessClosed(smtp.command(`EHLO ${context.audit.helloName}`));
    if (first === undefined) return safe('the server hangs up after the handshake');
    if (isAccepted(first)) return safe('what was sent before the handshake is dropped');
    const second = await answered(smtp.reply(2000));
    if (second !== undefined) return unsafe(`answered inside TLS: ${shortened(shownReply(first))}`);
    return unknown(`EHLO after the handshake → ${shortened(shownReply(first))}`);
  },
};

const downgrade: SmtpCheck = {
  id: 'starttls-downgrade',
  title: 'Clear text after STARTTLS',
  why: 'After its 220 a server must wait for a handshake; one that goes on in clear text lets someone in the middle take TLS away unnoticed.',
  fix,
  on: ['starttls'],
  async run(context) {
    const smtp = await context.beforeStarttls();
    const reply = await context.command(smtp, 'STARTTLS');
    if (reply.code !== 220) return unknown(`STARTTLS → ${shortened(shownReply(reply))}`);
    smtp.dialogue.write(`EHLO ${context.audit.helloName}\r\n`);
    // Clear text is no handshake, so a server that waits for one hangs up.
    const next = await unlessClosed(smtp.reply());
    if (next !== undefined && isAccepted(next)) return unsafe(`EHLO in clear text → ${shortened(shownReply(next))}`);
    return safe(next === undefined ? 'the server hangs up on clear text' : shortened(shownReply(next)));
  },
};

const state: SmtpCheck = {
  id: 'starttls-state',
  title: 'What was said before STARTTLS is forgotten',
  why: 'RFC 3207 §4.2: a sender named in clear text may have been named by someone in the middle.',
  fix: injection.fix,
  on: ['starttls'],
  async run(context) {
    const smtp = await context.beforeStarttls();
    const mail = await context.command(smtp, 'MAIL FROM:<>');
    if (!isAccepted(mail)) {
      if (isRefused(mail)) return safe(`MAIL before STARTTLS → ${shortened(shownReply(mail))}`);
      return unknown(`MAIL before STARTTLS → ${shortened(shownReply(mail))}`);
    }
    const reply = await smtp.starttls(context.tlsOptions);
    if (isRefused(reply)) return safe(`STARTTLS inside a transaction → ${shortened(shownReply(reply))}`);
    if (reply.code !== 220) return unknown(`STARTTLS → ${shortened(shownReply(reply))}`);
    const rcpt = await context.command(smtp, 'RCPT TO:<postmaster>');
    const shown = `RCPT after the handshake → ${shortened(shownReply(rcpt))}`;
    if (isAccepted(rcpt)) return unsafe(shown);
    return isRefused(rcpt) ? safe(shown) : unknown(shown);
  },
};

export const tlsChecks: readonly SmtpCheck[] = [offered, certificate, versions, injection, downgrade, state];

/** Whether a mailbox can be read over TLS, and whether the seal holds. */

import type { PopCheck } from '../check';
import { report, safe, unknown, unsafe } from '../outcome';
import { judgeCertificate } from '../session/certificate';
import { answered, DialogueFault, unlessClosed } from '../session/dialogue-fault';
import { certificateName, judgeOldVersions, oldTlsOptions } from '../session/tls-questions';
import { namedSoftware } from '../software';
import { shortened } from '../transcript';
import { popFix } from './pop3-login';

const fix = {
  ...popFix,
  dovecot: '`ssl_cert`, `ssl_key` (2.4: `ssl_server_cert_file`, `ssl_server_key_file`), `ssl_min_protocol = TLSv1.2`.',
};

const offered: PopCheck = {
  id: 'pop3-stls-offered',
  title: 'STLS is offered',
  why: 'Without TLS the mail itself can be read on the way, even where APOP hides the password.',
  fix,
  on: ['plain'],
  async run(context) {
    const pop = await context.connect();
    context.audit.budget.spendCommand();
    const capa = await pop.listing('CAPA');
    const has = capa.body.some((line) => /^STLS\b/i.test(line.trim()));
    const reply = await pop.stls(context.tlsOptions);
    if (reply.ok) return has || !capa.ok ? safe(shortened(reply.line)) : report(`works, but CAPA does not offer it`);
    if (has) return unsafe(`offered, but ${shortened(reply.line)}`);
    return report(`not offered; STLS → ${shortened(reply.line)}`);
  },
};

const certificate: PopCheck = {
  id: 'pop3-certificate',
  title: 'The certificate of the POP3 server',
  why: 'A certificate that is expired or for another name teaches users to click the warning away, and the next one is the attacker’s.',
  fix,
  on: ['starttls', 'implicit'],
  async run(context) {
    const pop = await context.connect();
    const facts = pop.dialogue.tlsFacts;
    if (facts === undefined) return unknown('no TLS');
    const name = certificateName(context.channel, context.audit, undefined);
    return judgeCertificate(facts, { name, strict: true, now: Date.now() });
  },
};

const versions: PopCheck = {
  id: 'pop3-tls-versions',
  title: 'TLS 1.0 and 1.1 on POP3',
  why: 'RFC 8996: both are broken beyond use.',
  fix,
  on: ['starttls', 'implicit'],
  async run(context) {
    const options = oldTlsOptions(context.channel, context.audit);
    return await judgeOldVersions(async () => {
      const implicit = context.channel.security === 'implicit';
      const pop = await context.connectClear(implicit ? options : undefined);
      if (!implicit) {
        const reply = await pop.stls(options);
        if (!reply.ok) throw new DialogueFault('unanswered', `STLS → ${shortened(reply.line)}`);
      }
      return pop.dialogue.tlsFacts?.version ?? 'TLS';
    }, true);
  },
};

const injection: PopCheck = {
  id: 'pop3-stls-injection',
  title: 'A command smuggled in before the handshake',
  why: 'What arrives in clear text behind STLS must be thrown away, or someone in the middle speaks as the client inside TLS.',
  fix: { ...fix, dovecot: 'Update: fixed in 2.3.14.1 (CVE-2021-33515).' },
  on: ['starttls'],
  async run(context) {
    const pop = await context.beforeStls();
    context.audit.budget.spendCommand();
    pop.dialogue.write('STLS\r\nXSMUGGLED\r\n');
    const reply = await pop.reply();
    if (!reply.ok) return safe(`pipelined STLS is refused: ${shortened(reply.line)}`);
    try {
      await pop.dialogue.startTls(context.tlsOptions);
    } catch (error) {
      if (error instanceof DialogueFault && error.kind === 'tls') return safe(`the server hangs up: ${error.message}`);
      throw error;
    }
    const first = await unlessClosed(pop.listing('CAPA'));
    if (first === undefined) return safe('the server hangs up after the handshake');
    if (first.ok) return safe('what was sent before the handshake is dropped');
    const second = await answered(pop.reply(2000));
    if (second !== undefined) return unsafe(`answered inside TLS: ${shortened(first.line)}`);
    return unknown(`CAPA after the handshake → ${shortened(first.line)}`);
  },
};

const version: PopCheck = {
  id: 'pop3-version',
  title: 'Software and version in greeting and CAPA',
  why: 'POP3 servers have a long list of old faults; a version in the greeting says which of them to try.',
  fix: { ...popFix, dovecot: '`login_greeting = ready`.' },
  async run(context) {
    const pop = await context.connect();
    const greeting = (pop.banner?.text ?? '').replace(/<[^>]*>/, '');
    context.audit.budget.spendCommand();
    const capa = await answered(pop.listing('CAPA'));
    const implementation = capa?.body.find((line) => /^IMPLEMENTATION\b/i.test(line));
    const named = [
      ...[namedSoftware(greeting)].flatMap((name) => (name === undefined ? [] : [`greeting: ${name}`])),
      ...(implementation === undefined ? [] : [`CAPA: ${shortened(implementation, 60)}`]),
    ];
    return named.length > 0 ? report(named.join('; ')) : safe('neither is named');
  },
};

export const popTlsChecks: readonly PopCheck[] = [offered, certificate, versions, injection, version];

/** Whether a POP3 server lets a password cross the line in clear text, or lets anyone in without one. */

import type { Fix, PopCheck } from '../check';
import { report, safe, unknown, unsafe } from '../outcome';
import type { PopContext } from '../pop3-context';
import { randomUser } from '../session/channel';
import type { PopDialogue, PopReply } from '../session/pop3-dialogue';
import { shortened } from '../transcript';
import { clearMechanisms, openMechanisms, weakMechanisms } from './auth';

export const popFix: Fix = {
  haraka: 'Haraka serves no POP3; close port 110 towards outside or leave only 995.',
  sendmail: 'sendmail serves no POP3; see the server that does.',
  postfix: 'Postfix serves no POP3; see the server that does.',
  dovecot: '`disable_plaintext_auth = yes` (`auth_allow_cleartext = no` since 2.4) and `ssl = required`.',
};

const noPassword = 'smtpcheck-is-no-password';

const plainLogin: PopCheck = {
  id: 'pop3-plain-login',
  title: 'USER and PASS before TLS',
  why: 'The password of the mailbox crosses the line readable to everyone on the way, at every poll.',
  fix: popFix,
  on: ['plain'],
  async run(context) {
    const pop = await context.connect();
    const capa = await listing(context, pop);
    const user = await context.command(pop, `USER ${randomUser()}`);
    if (!user.ok) return refusedInClear(user, capa);
    const pass = await context.command(pop, `PASS ${noPassword}`);
    if (pass.ok) return unsafe(`a user that cannot exist is let in: ${shortened(pass.line)}`);
    if (wantsTls(pass)) return safe(`USER is taken, PASS refused: ${shortened(pass.line)}`);
    return unsafe(`USER → ${shortened(user.line)}, PASS → ${shortened(pass.line)}: the password is looked at`);
  },
};

/** Whether the reply refuses clear text, and not this user. */
function wantsTls({ text }: PopReply): boolean {
  return (
    /plaintext|clear ?text|cleartext|TLS|SSL|secure|encrypt|STLS|privacy|disallowed|not allowed|disabled/i.test(text) &&
    !/PASS(?:word)? (?:is )?not secure/i.test(text)
  );
}

function refusedInClear(user: PopReply, capa: PopReply): ReturnType<typeof safe> {
  const shown = `USER → ${shortened(user.line)}`;
  if (
    wantsTls(user) ||
    /unknown|unrecognized|invalid command|not implemented|unsupported|bad command/i.test(user.text)
  ) {
    return safe(shown);
  }
  // RFC 2449 §6.3: a server that takes USER says so.
  if (capa.ok && !capa.body.some((line) => /^USER\b/i.test(line.trim())))
    return safe(`${shown}, and CAPA does not offer it`);
  // Refused for the name alone, perhaps: another name might get further.
  return unknown(`${shown}: refused, but not for want of TLS as far as the words tell`);
}

const saslClear: PopCheck = {
  id: 'pop3-sasl-clear',
  title: 'SASL mechanisms before TLS',
  why: 'AUTH PLAIN and LOGIN are USER and PASS by another name.',
  fix: popFix,
  on: ['plain'],
  async run(context) {
    const offered = new Set<string>();
    const pop = await context.connect();
    context.audit.budget.spendCommand();
    const capa = await pop.listing('CAPA');
    for (const line of capa.body) {
      const [word = '', ...rest] = line.toUpperCase().trim().split(/\s+/);
      if (word === 'SASL') for (const mechanism of rest) offered.add(mechanism);
    }
    const begun: string[] = [];
    let tried = 0;
    for (const mechanism of ['PLAIN', 'LOGIN']) {
      const one = await context.connect();
      const reply = await context.command(one, `AUTH ${mechanism}`);
      tried += 1;
      if (reply.line.startsWith('+') && !/^\+OK/i.test(reply.line)) begun.push(mechanism);
    }
    const exposed = [...offered].filter((one) => clearMechanisms.has(one) || openMechanisms.has(one));
    const all = [...new Set([...exposed, ...begun])];
    if (all.length > 0)
      return unsafe(
        `${begun.length > 0 ? `AUTH ${begun.join(', ')} begins without TLS` : 'offered in CAPA without TLS'}: ${all.join(', ')}`,
      );
    if (offered.size > 0) return report(`offered without TLS, no password in clear text: ${[...offered].join(', ')}`);
    return safe(`no SASL mechanism in CAPA, ${tried} tried and refused`);
  },
};

const saslTls: PopCheck = {
  id: 'pop3-sasl-tls',
  title: 'SASL mechanisms under TLS',
  why: 'ANONYMOUS lets anyone in; CRAM-MD5, DIGEST-MD5 and NTLM make the server keep the password in clear text.',
  fix: { ...popFix, dovecot: '`auth_mechanisms = plain login`, under TLS, or scram-sha-256.' },
  on: ['starttls', 'implicit'],
  async run(context) {
    const pop = await context.connect();
    const capa = await listing(context, pop);
    const offered = (capa.body.find((line) => /^SASL\b/i.test(line)) ?? '').toUpperCase().split(/\s+/).slice(1);
    const open = offered.filter((one) => openMechanisms.has(one));
    const weak = offered.filter((one) => weakMechanisms.has(one));
    if (open.length > 0) return unsafe(`offered: ${open.join(', ')}`);
    if (weak.length > 0) return report(`weak ones among those offered: ${weak.join(', ')}`);
    return safe(offered.length === 0 ? 'none offered' : `offered: ${offered.join(', ')}`);
  },
};

async function listing(context: PopContext, pop: PopDialogue): Promise<PopReply> {
  context.audit.budget.spendCommand();
  return await pop.listing('CAPA');
}

const rpop: PopCheck = {
  id: 'pop3-rpop',
  title: 'RPOP: login by client address',
  why: 'RPOP (RFC 1081) lets a client in because its address or port looks trusted, with no password at all.',
  fix: { ...popFix, dovecot: 'Dovecot knows no RPOP; an old qpopper or ipop3d that does has to go.' },
  async run(context) {
    const pop = await context.connect();
    const nonsense = await context.command(pop, 'XNONSENSE');
    const name = randomUser();
    await context.command(pop, `USER ${name}`);
    const reply = await context.command(pop, `RPOP ${name}`);
    if (reply.ok) return unsafe(`RPOP → ${shortened(reply.line)}`);
    if (reply.text.replaceAll(/RPOP/gi, '') === nonsense.text.replaceAll(/XNONSENSE/gi, '')) {
      return safe(`not known: ${shortened(reply.line)}`);
    }
    // Some servers word the refusal by the session's state; ask again without a USER command before.
    const fresh = await context.connect();
    const bare = await context.command(fresh, `RPOP ${name}`);
    if (bare.ok) return unsafe(`RPOP → ${shortened(bare.line)}`);
    if (
      /unknown|unrecognized|invalid|not implemented|unsupported|bad command|syntax/i.test(`${reply.text} ${bare.text}`)
    ) {
      return safe(`refused: ${shortened(reply.line)}`);
    }
    return report(`known, though refused: ${shortened(reply.line)}`);
  },
};

/** RFC 1939 §7: a timestamp in the form of a message id. */
const timestampForm = /<[^<>\s@]+@[^<>\s@]+>/;

const apop: PopCheck = {
  id: 'pop3-apop',
  title: 'APOP: offered, and its timestamp',
  why: 'APOP hides the password, but by MD5 over a timestamp: one that repeats can be replayed, one that is no message id helps an attacker to the password (CVE-2007-1558).',
  on: ['plain', 'implicit'],
  fix: {
    ...popFix,
    dovecot: 'APOP needs passwords kept in clear text; with TLS required, leave `apop` out of `auth_mechanisms`.',
  },
  async run(context) {
    const stamps: string[] = [];
    const greetings: string[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      const pop = await context.connectClear(context.channel.security === 'implicit' ? context.tlsOptions : undefined);
      const text = pop.banner?.text ?? '';
      greetings.push(text);
      const stamp = /<[^>]*>/.exec(text)?.[0];
      if (stamp !== undefined) stamps.push(stamp);
    }
    const [first, second] = stamps;
    if (first === undefined || second === undefined) {
      return safe(`not offered: no timestamp in “${shortened(greetings[0] ?? '', 60)}”`);
    }
    if (first === second) return unsafe(`the same timestamp twice: ${shortened(first)}`);
    if (!timestampForm.test(first)) return unsafe(`no message id: ${shortened(first)}`);
    const guess = distance(first, second);
    return report(`offered, ${shortened(first)}; better than clear text, worse than TLS${guess}`);
  },
};

/** A counter, or a clock of seconds by itself, can be told in advance: an attacker may ask for tomorrow's answer today. */
function distance(first: string, second: string): string {
  const digits = (text: string): string[] => text.match(/\d+/g) ?? [];
  const a = digits(first);
  const b = digits(second);
  if (a.length !== b.length || first.replaceAll(/\d+/g, '#') !== second.replaceAll(/\d+/g, '#')) return '';
  const moved = a.flatMap((value, index) => (value === b[index] ? [] : [Math.abs(Number(value) - Number(b[index]))]));
  return moved.length > 0 && moved.every((step) => step <= 2)
    ? '; it can be guessed, it moves by a step a connection'
    : '';
}

export const popLoginChecks: readonly PopCheck[] = [plainLogin, saslClear, saslTls, rpop, apop];

/** Dialogues that the corpus has no cases for: what servers answer to greetings and to questions about their users. */
import type { Case } from '../../../testkit/live/corpus';

export type PeerCase = Case & { readonly group: string };

const dialogue = (id: string, why: string, raw: readonly string[], helo = ''): PeerCase => ({
  id,
  group: id.split('-')[1] ?? '',
  client: 'untrusted',
  helo,
  mail: '',
  rcpts: [],
  raw,
  expect: 'no-disclosure',
  why,
});

const name = 'probe.sender.example';
const mail = 'MAIL FROM:<someone@sender.example>';

export const commandCases: readonly PeerCase[] = [
  dialogue('peer-helo-01', 'EHLO with a name.', [`EHLO ${name}`, mail]),
  dialogue('peer-helo-02', 'HELO with a name.', [`HELO ${name}`, mail]),
  dialogue('peer-helo-03', 'EHLO without a name.', ['EHLO', mail]),
  dialogue('peer-helo-04', 'HELO without a name.', ['HELO', mail]),
  dialogue('peer-helo-05', 'EHLO with an IPv4 literal.', ['EHLO [192.0.2.1]', mail]),
  dialogue('peer-helo-06', 'EHLO with an IPv6 literal.', ['EHLO [IPv6:2001:db8::1]', mail]),
  dialogue('peer-helo-07', 'EHLO with a bare address.', ['EHLO 192.0.2.1', mail]),
  dialogue('peer-helo-08', 'EHLO with one label.', ['EHLO probe', mail]),
  dialogue('peer-helo-09', 'EHLO with an underscore.', ['EHLO my_pc.sender.example', mail]),
  dialogue('peer-helo-10', 'EHLO with an at sign.', ['EHLO someone@sender.example', mail]),
  dialogue('peer-helo-11', 'EHLO with markup.', ['EHLO <probe.sender.example>', mail]),
  dialogue('peer-helo-12', 'EHLO with shell characters.', ['EHLO $(probe).sender.example', mail]),
  dialogue('peer-helo-13', 'EHLO with a word after the name.', [`EHLO ${name} again`, mail]),
  dialogue('peer-helo-14', 'EHLO with letters beyond ASCII.', ['EHLO b\u00fccher.example', mail]),
  dialogue('peer-helo-15', 'EHLO with a name over 255 octets.', [`EHLO ${'long.'.repeat(52)}example`, mail]),
  dialogue('peer-helo-16', 'EHLO with our own name.', ['EHLO mx.local.example', mail]),
  dialogue('peer-helo-17', 'MAIL before HELO.', [mail]),
  dialogue('peer-helo-18', 'EHLO refused for its name, then one that is well formed.', [
    'EHLO (',
    `EHLO ${name}`,
    mail,
  ]),
  dialogue('peer-vrfy-01', 'VRFY before HELO.', ['VRFY root']),
  dialogue('peer-vrfy-02', 'VRFY without an argument.', ['VRFY'], name),
  dialogue('peer-vrfy-03', 'VRFY of a mailbox.', ['VRFY root@local.example'], name),
  dialogue(
    'peer-vrfy-04',
    'VRFY inside a transaction, which goes on.',
    [mail, 'VRFY root', 'RCPT TO:<root@local.example>'],
    name,
  ),
  dialogue('peer-expn-01', 'EXPN before HELO.', ['EXPN staff']),
  dialogue('peer-expn-02', 'EXPN without an argument.', ['EXPN'], name),
  dialogue('peer-expn-03', 'EXPN in small letters.', ['expn staff'], name),
  dialogue(
    'peer-expn-04',
    'EXPN inside a transaction, which goes on.',
    [mail, 'EXPN staff', 'RCPT TO:<root@local.example>'],
    name,
  ),
  dialogue('peer-other-01', 'ETRN, which asks for mail that is kept.', ['ETRN nobody.example'], name),
  dialogue('peer-other-02', 'VERB, which makes sendmail talk.', ['VERB'], name),
  dialogue('peer-other-03', 'DEBUG and WIZ, doors of long ago.', ['DEBUG', 'WIZ'], name),
  dialogue('peer-other-04', 'TURN, which would hand out mail.', ['TURN'], name),
];

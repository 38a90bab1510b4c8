/**
 * Why this suite decides otherwise than sendmail or Postfix, wherever it does. docs/dev/peers.md shows these, and the test
 * holds them against what was measured: none is missing, and none has outlived its difference.
 */
import type { Difference } from './compare';

export interface Explanation {
  readonly title: string;
  readonly difference: Difference;
  /** Cases in which it is so beside sendmail, and beside Postfix. */
  readonly sendmail?: readonly string[];
  readonly postfix?: readonly string[];
  readonly why: string;
}

export const explanations: readonly Explanation[] = [
  {
    title: 'A route is refused wherever it leads',
    difference: 'stricter',
    sendmail: [
      ...['sh-bang-08', 'sh-bang-09', 'sh-quoted-07', 'sh-gateway-02', 'sh-gateway-03', 'sh-gateway-05'],
      ...['sh-legit-26'],
    ],
    postfix: [
      ...['sh-gateway-02', 'sh-gateway-03', 'sh-gateway-04', 'sh-gateway-05', 'sh-gateway-06', 'sh-gateway-07'],
      ...['sh-gateway-08', 'sh-unicode-01', 'sh-unicode-02', 'sh-legit-26'],
    ],
    why: `On purpose. A machine behind us may read a local part in its own way: take off quotes and backslashes, unwrap
Exchange's, Berknet's or X.400's forms, or normalise full-width signs. sendmail and Postfix look only at what they would
follow themselves, and let a route pass that ends at a domain of ours; sendmail, one through a host without a name.`,
  },
  {
    title: "Haraka's parser takes no address that RFC 5321 does not know",
    difference: 'stricter',
    sendmail: ['sh-quoted-09', 'sh-gateway-01', 'sh-domain-05', 'sh-comment-04', 'sh-control-15', 'sh-length-05'],
    postfix: ['sh-gateway-01', 'sh-domain-05', 'sh-comment-04', 'sh-control-07', 'sh-control-15', 'sh-control-17'],
    why: `Both others repair what they can: they drop comments and a last dot, quote colons, keep a DEL or a BEL. Haraka answers
501 before a plugin is asked. Nothing of the kind comes from a mail server of today.`,
  },
  {
    title: 'Loopback is not trusted unless listed',
    difference: 'stricter',
    sendmail: ['sh-trust-15'],
    why: `On purpose. sendmail takes whatever comes from 127.0.0.1 and ::1 as its own. A proxy or a port forward in front
would hand that trust to everybody.`,
  },
  {
    title: 'A message with bare line feeds is refused',
    difference: 'stricter',
    postfix: ['sh-wire-06'],
    why: `Haraka refuses it, and so does sendmail; Postfix, set as its authors advise against SMTP smuggling, takes it as
one message. With none of the three is the text inside it a second message.`,
  },
  {
    title: 'HELO needs a well-formed name',
    difference: 'stricter',
    postfix: [
      ...['sh-control-08', 'sh-control-09', 'sh-control-10', 'sh-control-11', 'sh-control-12', 'sh-control-13'],
      ...['peer-helo-10', 'peer-helo-11', 'peer-helo-12', 'peer-helo-14', 'peer-helo-15', 'peer-helo-18'],
    ],
    why: `The suite looks at characters and length, as sendmail does. Postfix does so only with
\`reject_invalid_helo_hostname\`, which is no part of this policy.`,
  },
  {
    title: 'ETRN is unknown',
    difference: 'stricter',
    sendmail: ['peer-other-01'],
    why: 'Haraka has no ETRN. sendmail starts a queue run for whoever asks, unless `noetrn` is set.',
  },
  {
    title: 'ETRN is unknown for good',
    difference: 'other time',
    postfix: ['peer-other-01'],
    why: 'Postfix knows the command and answers 459 for a domain it keeps no queue for.',
  },
  {
    title: 'VRFY is answered with 252',
    difference: 'laxer',
    postfix: [
      ...['sh-piggyback-08', 'sh-enum-01', 'sh-enum-02', 'sh-enum-05', 'sh-enum-07'],
      ...['peer-vrfy-01', 'peer-vrfy-02', 'peer-vrfy-03', 'peer-vrfy-04'],
    ],
    why: `RFC 5321 §7.3 asks for 252 where VRFY is switched off, and sendmail gives it; Postfix gives 502. The reply is the
same for every name, so it tells nothing. \`[privacy] vrfy_reply=502\` is for those who want a hard no.`,
  },
  {
    title: 'A confirmed name counts whatever characters it is made of',
    difference: 'laxer',
    sendmail: ['sh-trust-16'],
    postfix: ['sh-trust-16'],
    why: `A label in the DNS may hold any octet (RFC 2181 §11), and whoever lists \`campus.example\` runs its zone. Both others
take a name that begins with a hyphen for none, and refuse the client relaying.`,
  },
  {
    title: 'Domains beyond ASCII are read',
    difference: 'laxer',
    sendmail: ['sh-legit-30', 'sh-legit-31'],
    why: `Haraka offers SMTPUTF8, as Postfix does; sendmail as Debian builds it does not. Whatever letters a domain is
written in, it is looked up and sent to as its A-labels.`,
  },
  {
    title: 'A message with bare carriage returns is taken',
    difference: 'laxer',
    sendmail: ['sh-wire-07'],
    why: `Haraka, like Postfix, ends a line at a line feed only, so the message is one message for the recipients it was
accepted for. sendmail refuses it.`,
  },
  {
    title: 'Words after the name in EHLO are dropped',
    difference: 'laxer',
    sendmail: ['peer-helo-13'],
    why: `Haraka itself cuts the argument at the first blank before a plugin sees it, and Postfix does not mind either.
What remains is a well-formed name, and a claim that earns nothing.`,
  },
  {
    title: 'An address literal of this host is local',
    difference: 'laxer',
    sendmail: ['sh-literal-09'],
    why: `RFC 1123 §5.2.17 wants a host to take mail for its own address literal. Here and with Postfix it is local;
sendmail takes it once the literal is in \`local-host-names\`. It stays here, so nothing is relayed by it.`,
  },
  {
    title: "Haraka's parser refuses before the policy is asked",
    difference: 'other class',
    sendmail: [
      ...['sh-plain-06', 'sh-percent-04', 'sh-bang-03', 'sh-bang-06', 'sh-quoted-02', 'sh-quoted-04', 'sh-quoted-08'],
      ...['sh-route-02', 'sh-route-07', 'sh-multiat-06', 'sh-literal-06', 'sh-domain-04', 'sh-comment-01'],
      ...['sh-comment-02', 'sh-comment-03', 'sh-comment-05', 'sh-control-06', 'sh-length-06'],
    ],
    postfix: [
      ...['sh-plain-06', 'sh-percent-04', 'sh-bang-03', 'sh-bang-06', 'sh-quoted-02', 'sh-quoted-04', 'sh-quoted-08'],
      ...['sh-quoted-09', 'sh-route-02', 'sh-route-07', 'sh-multiat-01', 'sh-multiat-02', 'sh-multiat-03'],
      ...['sh-multiat-04', 'sh-multiat-05', 'sh-literal-06', 'sh-domain-04', 'sh-comment-01', 'sh-comment-02'],
      ...['sh-comment-03', 'sh-comment-05', 'sh-control-06', 'sh-length-02', 'sh-length-03'],
    ],
    why: 'All refuse for good: Haraka with 501 for the syntax, the other with its refusal to relay.',
  },
  {
    title: 'What others call bad syntax is refused by policy',
    difference: 'other class',
    sendmail: [
      ...['sh-percent-09', 'sh-percent-10', 'sh-percent-11', 'sh-percent-12', 'sh-percent-13', 'sh-quoted-10'],
      ...['sh-quoted-11', 'sh-domain-13', 'sh-domain-16', 'sh-unicode-01', 'sh-unicode-02', 'sh-params-06'],
    ],
    postfix: [
      ...['sh-percent-09', 'sh-percent-10', 'sh-percent-13', 'sh-bang-09', 'sh-bang-10', 'sh-quoted-10'],
      ...['sh-literal-07', 'sh-literal-08', 'sh-domain-11', 'sh-domain-13', 'sh-domain-14', 'sh-domain-16'],
    ],
    why: `All refuse for good. To the others a route with an empty host or user is an address with a part missing. Haraka
offers SMTPUTF8 and reads letters beyond ASCII, which sendmail does not; Postfix calls such a domain, unless SMTPUTF8 was
asked for, and a bare number bad syntax. Here both are domains that are on no list, and one that turns into another when
it is mapped to ASCII is refused as impossible.`,
  },
];

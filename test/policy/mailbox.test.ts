import assert from 'node:assert/strict';
import { carriesRoute, foldLocalPart, mailboxKey, mailboxOfKey, unquoteLocalPart } from '../../src/policy/mailbox';

/** Every routed local part of the design and of the attack corpus. */
const routed: readonly string[] = [
  '"@"',
  'user%host',
  'host!user',
  '"user@host"',
  'user\\@host',
  'user%victim.example',
  'user%victim.example%hop.example',
  'USER%Victim.EXAMPLE',
  'user%40victim.example',
  'user%local.example',
  'victim.example!user',
  'hop.example!victim.example!user',
  'victim.example!user%hop.example',
  '"user@victim.example"',
  '"user%victim.example"',
  '"victim.example!user"',
  '"user\\@victim.example"',
  '"user"%victim.example',
  'user\\@victim.example',
  'user@victim.example',
  'victim::user',
  '"victim::user"',
  'IMCEASMTP-user+40victim+2Eexample',
  'imceasmtp-user+40victim+2Eexample',
  '"victim.example:user"',
  '"mx.victim.example:user"',
  'user％victim.example',
  'victim.example！user',
  '"user＠victim.example"',
  'user﹪victim.example',
  '"user﹫victim.example"',
  'user\\%victim.example',
  '"user\\%victim.example"',
  '%victim.example',
  'user%%',
  'user%',
  '"user%"',
  '100%',
  'user.%',
  '%',
  'user!',
  '!user',
  '"user\\!"',
  '!',
  '!!',
  '"user@"',
  '"@user"',
  '"user\\@"',
  'user％',
  'user！',
  '"/DD.RFC-822=u(a)victim.example/"',
  '"/dd.rfc-822=u(A)victim.example/"',
  '"/DD.RFC822=u(a)victim.example/S=x/"',
  '"/DDA:RFC-822=u(a)victim.example/"',
  '"DDA:RFC-822=u(a)victim.example;C=jp"',
  '"/RFC-822=u(a)victim.example/"',
  '"/RFC-822=u(p)victim.example/"',
  '"/RFC-822=victim.example(b)u/"',
  '"/RFC-822=u(064)victim.example/"',
  '"/RFC-822=u(100)victim.example/"',
  '/RFC-822=u/',
  '"RFC-822=u"',
  '/RFC822=u/',
  '/DD.RFC-822=u/',
  '"/DD:RFC-822=u/"',
  '"/ DDA. RFC-822 =u/"',
  '"DD:SMTP=u(a)victim.example"',
  '"DDA.SMTP=u(a)victim.example"',
  '" DD.SMTP=u(a)victim.example"',
  '"/C=jp/ADMD= /PRMD=x/RFC-822=u\\(a\\)victim.example/"',
  '"/S=u(a)victim.example/O=x/"',
  '"/S=x/DD.SMTP=u(a)victim.example/"',
  '"S=x;DD.SMTP=u(a)victim.example"',
  '"／DD．RFC－822＝u（a）victim.example／"',
];

/** Every legitimate local part of the design and of the corpus, and what stands right beside a route. */
const plain: readonly string[] = [
  "o'brien+tag",
  'list-return-5=user=victim.example',
  'SRS0=HHH=TT=victim.example=user',
  'SRS1=HHH=hop.example==HHH=TT=victim.example=user',
  'prvs=1234abcdef=user',
  'user',
  'a=b',
  'first.last_name-x',
  '{curly}~tilde#hash$dollar',
  'x^y*z?q&w',
  'sales/emea',
  '/S=Smith/G=John/O=x/',
  '"/S=Smith (b)/"',
  '"/sales (b)"',
  'rfc822',
  'user+rfc-822=x',
  'SRS0=a/b=TT=victim.example=user',
  '"john (a) smith"',
  '"u(a)victim.example"',
  '"a=b (b)"',
  '"x=u(a)victim.example"',
  '"xdda.x=u(a)victim.example"',
  '"x rfc-822=u"',
  '":user"',
  '"user::"',
  'victim.example',
  'user.victim.example',
  '12345',
  '"user"',
  'Postmaster',
  '"john smith"',
  '"john.smith"',
  'a|b',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  '"note: this"',
  'user+40percent',
  'xIMCEASMTP-user+40victim+2Eexample',
  '"see victim.example:80"',
  'IMCEAEX-user',
  'müller',
  '用户',
  '',
];

describe('carriesRoute', () => {
  for (const localPart of routed) it(`sees a route in ${localPart}`, () => assert.ok(carriesRoute(localPart)));
  for (const localPart of plain)
    it(`sees none in ${JSON.stringify(localPart)}`, () => assert.ok(!carriesRoute(localPart)));
});

const folds: readonly { readonly text: string; readonly is: string | undefined }[] = [
  { text: 'John.Smith', is: 'john.smith' },
  { text: '"John.Smith"', is: 'john.smith' },
  { text: '"j\\ohn"', is: 'john' },
  { text: '"john smith"', is: '"john smith"' },
  { text: '"john\\ smith"', is: '"john smith"' },
  { text: '"a\\"b"', is: '"a\\"b"' },
  { text: '"a\\\\b"', is: '"a\\\\b"' },
  { text: '"a@b"', is: '"a@b"' },
  { text: '""', is: '""' },
  { text: 'Müller', is: 'müller' },
  { text: 'ΟΔΟΣ', is: 'οδος' },
  { text: '\u212aate', is: '\u212aate' },
  { text: '"\u0130NES"', is: '\u0130nes' },
  { text: 'a..b', is: undefined },
  { text: '.a', is: undefined },
  { text: 'a.', is: undefined },
  { text: 'a b', is: undefined },
  { text: 'a@b', is: undefined },
  { text: '"a"b"', is: undefined },
  { text: '"a', is: undefined },
  { text: '"', is: undefined },
  { text: '', is: undefined },
];

describe('foldLocalPart', () => {
  for (const { text, is } of folds) {
    it(`${is === undefined ? 'knows no local part in' : `gives ${is} for`} ${text}`, () => {
      assert.equal(foldLocalPart(text), is);
    });
  }
});

describe('mailboxKey', () => {
  it('is one byte a character, and differs where the mailbox does', () => {
    const key = mailboxKey('müller', 'example.org');
    assert.match(key, /^[\x20-\xff]+$/);
    assert.notEqual(key, mailboxKey('möller', 'example.org'));
    assert.equal(mailboxKey('user', 'example.org'), 'user@example.org');
    assert.equal(mailboxKey('user', '[IPv6:2001:db8::25]'), 'user@[ipv6:2001:db8::25]');
  });
});

describe('unquoteLocalPart', () => {
  it('takes off quotes and backslashes, and leaves a quote at one end alone', () => {
    assert.equal(unquoteLocalPart('"a\\"b"'), 'a"b');
    assert.equal(unquoteLocalPart('a\\@b'), 'a@b');
    for (const lone of ['"', '"a', 'a"']) assert.equal(unquoteLocalPart(lone), lone);
  });
});

describe('mailboxOfKey', () => {
  for (const [localPart, domain] of [
    ['user', 'mail.example'],
    ['müller', 'mail.example'],
    ['"a@b"', 'mail.example'],
    ['user', '[ipv6:2001:db8::7]'],
    ['user', ''],
  ] as const) {
    it(`finds ${localPart} at ${domain || 'any domain'} again`, () =>
      assert.deepEqual(mailboxOfKey(mailboxKey(localPart, domain)), { localPart, domain }));
  }
});

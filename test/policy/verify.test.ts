/** What a reply of the next hop says of a recipient, what we answer by it, and the entries that ask for it. */
import assert from 'node:assert/strict';
import { isProblem } from '../../src/policy/entries/entry';
import { Line } from '../../src/policy/entries/lines';
import { type ListKind, parseListLine } from '../../src/policy/entries/list';
import { decideRelay } from '../../src/policy/relay-decision';
import { decideVerified, judgeReply, tooManyUnknown, type Verified } from '../../src/policy/verify';
import { address, listOf, now, recipient, relayPolicy, relayRequest, told } from '../../testkit/core';

const replies: Readonly<Record<Verified, readonly string[]>> = {
  known: ['200 x', '250 2.1.5 Ok', '250', '251 User not local; will forward', '299 whatever'],
  unknown: [
    '550 5.1.1 No such user',
    '550 5.1.1',
    '550 5.1.10 RESOLVER.ADR.RecipientNotFound',
    '553 5.1.3 Bad syntax',
    '551 5.1.6 User has moved',
    '501 5.1.3 Bad recipient address syntax',
    '550 No such user',
    '550',
    '559 x',
    '500 5.1.1 x',
    '599 5.1.1 x',
    '550 5.1.1a is no code',
    '550 <a@b.example> 5.7.1 somewhere behind',
  ],
  unsure: [
    '550 5.7.1 Relaying denied',
    '554 5.7.1 <x>: Client host rejected',
    '550 5.7.25 no PTR',
    '550 5.1.7 Bad sender address',
    '550 5.1.8 Sender domain not found',
    '552 5.2.2 Mailbox full',
    '550 5.2.1 Mailbox disabled',
    '550 5.4.1 Access denied',
    '503 5.5.1 Bad sequence',
    '503 MAIL first',
    '500 What?',
    '530 Authentication required',
    '450 4.1.1 Unverified address',
    '450 5.1.1 x',
    '300 x',
    '560 x',
    '549 x',
    '550 5.12.1 x',
    '550 5.0.0 x',
    '451 4.7.1 Greylisted',
    '421 4.7.0 Too many',
    '354 go ahead',
    '199 x',
    '600 5.1.1 x',
    '0 ',
  ],
  unasked: [],
};

describe('a reply of the next hop to RCPT', () => {
  for (const [says, texts] of Object.entries(replies)) {
    for (const reply of texts) {
      it(`says ${says} by ${reply}`, () => {
        const [, code, text = ''] = /^(\d+) ?(.*)$/.exec(reply) ?? [];
        assert.equal(judgeReply({ code: Number(code), text }), says);
      });
    }
  }

  it('is answered in our own words, and by the setting where it says nothing', () => {
    const at = { file: 'relay.to', line: 3 };
    const answers = (verified: Verified, unsure: 'accept' | 'defer') => {
      const decision = decideVerified(verified, unsure, at);
      return (
        decision && [
          decision.outcome,
          decision.rule,
          `${decision.reply.code} ${decision.reply.enhanced.join('.')} ${decision.reply.text}`,
          decision.at,
        ]
      );
    };
    const refused = ['refuse', 'unknown-recipient', '550 5.1.1 No such user', at];
    const deferred = [
      'defer',
      'recipient-unverified',
      '450 4.4.1 Recipient cannot be verified just now, try again later',
      at,
    ];
    for (const unsure of ['accept', 'defer'] as const) {
      assert.equal(answers('known', unsure), undefined);
      assert.deepEqual(answers('unknown', unsure), refused);
      assert.deepEqual(answers('unasked', unsure), deferred);
    }
    assert.equal(answers('unsure', 'accept'), undefined);
    assert.deepEqual(answers('unsure', 'defer'), deferred);
    const { rule, reply } = tooManyUnknown(at);
    assert.deepEqual(
      [rule, reply.code, reply.enhanced.join('.'), reply.text],
      ['unknown-recipients', 421, '4.7.1', 'Too many unknown recipients'],
    );
  });
});

/** By the entry: its next hop, and whether it is verified. */
const entries: readonly (readonly [line: string, says: string])[] = [
  ['backup.example verify', 'verify'],
  ['backup.example VERIFY', 'verify'],
  ['=backup.example [10.0.0.5]:2525  verify', '10.0.0.5 verify'],
  ['user@backup.example mx.inner.example\tverify', 'mx.inner.example verify'],
  ['user@backup.example verify until=2036-01-01', 'verify'],
  ['backup.example until=2036-01-01 [10.0.0.5] verify', '10.0.0.5 verify'],
  ['mx:192.0.2.0/24 verify', 'verify'],
  ['backup.example verify.example', 'verify.example'],
  ['backup.example verify [10.0.0.5]', 'route-syntax'],
  ['backup.example verify verify verify', 'route-syntax'],
  ['mx:192.0.2.0/24 [10.0.0.5] verify', 'route-not-here'],
  ['!backup.example verify', 'verify-not-here'],
  ['!user@backup.example verify', 'verify-not-here'],
  ['!mx:192.0.2.0/24 verify', 'verify-not-here'],
  ['192.0.2.25 verify', 'verify-not-here'],
  ['!backup.example [10.0.0.5] verify', 'route-not-here'],
];

describe('verify of an entry', () => {
  for (const [line, says] of entries) {
    it(`is read as ${says} in ${line}`, () => {
      const read = parseListLine('relay_to', Line.of(line));
      if (isProblem(read)) return assert.equal(read.problem, says);
      const words = ['route' in read && read.route?.host, 'verify' in read && read.verify && 'verify'];
      assert.equal(words.filter(Boolean).join(' '), says);
    });
  }

  for (const kind of ['local_ip', 'local_domain', 'hosts'] satisfies ListKind[]) {
    it(`is not for ${kind}`, () => {
      const read = parseListLine(kind, Line.of(kind === 'local_ip' ? '192.0.2.5 verify' : 'dept.example verify'));
      assert.equal(isProblem(read) && read.problem, 'unexpected-text');
    });
  }

  it('goes with the permit of that entry, and with no other', () => {
    const policy = relayPolicy({
      relayTo: [
        'backup.example [10.0.0.5] verify',
        'known@backup.example',
        'plain.example',
        'asked@plain.example verify',
      ],
      localip: ['192.0.2.0/24'],
    });
    const asks = (to: string, more = {}) => {
      const decision = decideRelay(policy, relayRequest({ to, ...more }));
      assert.equal(decision.outcome, 'permit', told(decision));
      return 'verify' in decision && decision.verify === true;
    };
    assert.equal(asks('anybody@backup.example'), true);
    assert.equal(asks('anybody@sub.backup.example'), true);
    assert.equal(asks('known@backup.example'), false);
    assert.equal(asks('anybody@plain.example'), false);
    assert.equal(asks('asked@plain.example'), true);
    assert.equal(asks('anybody@backup.example', { from: '192.0.2.7' }), false, 'a client of ours is asked for nobody');
    const list = listOf(
      'relay_to',
      ...['a.example verify', 'b.example [10.0.0.5]', 'c.example [10.0.0.5] verify'],
      ...['d.example mx.inner verify', 'e.example mx.innerverify'],
    );
    assert.deepEqual(
      ['a', 'b', 'c', 'd', 'e'].map((name) => {
        const { route, verify } = list.findRecipient(recipient(`x@${name}.example`), now) ?? {};
        return [route?.host, verify];
      }),
      [
        [undefined, true],
        ['10.0.0.5', undefined],
        ['10.0.0.5', true],
        ['mx.inner', true],
        ['mx.innerverify', undefined],
      ],
    );
    assert.equal(listOf('relay_to', 'mx:192.0.2.0/24 verify').findExchange(address('192.0.2.9'), now)?.verify, true);
  });
});

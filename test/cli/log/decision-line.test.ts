/** What is taken for a decision in a log, and what not. Lines of a running Haraka are in test/live/log/reader.test.ts. */
import assert from 'node:assert/strict';
import { type LoggedDecision, readDecisionLine } from '../../../src/cli/log/decision-line';
import { logLine } from '../../../testkit/log-lines';

const now = Date.parse('2027-01-02T00:00:00Z');
const whole = logLine();
const read = (line: string) => readDecisionLine(line, now);
const isDecision = (found: ReturnType<typeof read>): found is LoggedDecision => typeof found === 'object';

describe('a line of a log', () => {
  const others: Readonly<Record<string, string>> = {
    'of another plugin': whole.replace('[smtpcheck]', '[helo.checks]'),
    'of Haraka with the words of a client': `[PROTOCOL] [A] [core] C: EHLO ${whole}`,
    'of another plugin in logfmt': `level=INFO uuid=- origin=core message="smtpcheck refuse" action=refuse rule=x`,
    'of another plugin in JSON': '{"level":"INFO","origin":"core","message":"smtpcheck refuse","action":"refuse"}',
    'of ours that is no decision':
      '[NOTICE] [A] [smtpcheck] smtpcheck trust withdrawn from 192.0.2.7 rule=client-network',
    'of a fault':
      '[ERROR] [A] [smtpcheck] smtpcheck fault in rcpt, answered with a temporary refusal: smtpcheck refuse',
    'of a list': '[INFO] [-] [smtpcheck] loaded file=localip generation=1',
    'with nothing': '',
  };
  for (const [name, line] of Object.entries(others)) {
    it(`${name} is no decision`, () => assert.equal(read(line), 'other'));
  }

  const unreadable: Readonly<Record<string, string>> = {
    'with a key twice': `${whole} ip=192.0.2.9`,
    'with something behind its fields': `${whole} more`,
    'with its fields in another order': whole.replace(/rule=\S+ /, '').replace(' reason', ' rule=relay-denied reason'),
    'without a field': whole.replace(/ helo=\S+/, ''),
    'with an open quote': whole.slice(0, -1),
    'behind an unknown prefix': `0|haraka  | ${whole}`,
    'with an unknown outcome': whole.replace('action=refuse', 'action=perhaps'),
    'of JSON without a field': '{"origin":"smtpcheck","message":"smtpcheck refuse","action":"refuse","rule":"x"}',
    'in a wrapper of another kind': JSON.stringify({ text: whole }),
    'in a wrapper, cut off': JSON.stringify({ MESSAGE: whole.slice(0, -1) }),
    'of JSON that is cut off': '{"origin":"smtpcheck","message":"smtpcheck refuse","action":"refuse","ru',
  };
  for (const [name, line] of Object.entries(unreadable)) {
    it(`${name} is unreadable`, () => assert.equal(read(line), 'unreadable'));
  }

  it('keeps what a client says apart from keys', () => {
    const helo = String.raw`x" ip=192.0.2.9 rule=destination reason="\"`;
    const found = read(logLine({ helo }));
    assert.ok(isDecision(found));
    assert.deepEqual([found.helo, found.ip, found.rule], [helo, '203.0.113.7', 'relay-denied']);
  });

  it('may have more fields, of which some are known', () => {
    const found = read(`${whole} names=none disposition=discard note="the \\"lab\\"" observed=true queue=x`);
    assert.ok(isDecision(found));
    assert.deepEqual(
      [found.names?.state, found.isDropped, found.note, found.observed],
      ['none', true, 'the "lab"', true],
    );
  });

  it('may be coloured, as on the terminal of a container', () => {
    const found = read(logLine({ time: '2026-11-29T08:10:02.113Z \u001b[34m' }).concat('\u001b[39m'));
    assert.ok(isDecision(found));
    assert.equal(found.reply, '550 5.7.1 Relaying denied');
  });

  const times: readonly (readonly [string, number | undefined])[] = [
    ['', undefined],
    ['2026-11-29T08:10:02.113Z ', Date.parse('2026-11-29T08:10:02.113Z')],
    ['2026-11-29T08:10:02+02:00 mx haraka[1]: ', Date.parse('2026-11-29T06:10:02Z')],
    ['2026-11-29T08:10:02,5+0000 mx haraka[1]: ', Date.parse('2026-11-29T08:10:02.5Z')],
    ['Nov 29 08:10:02 mx haraka[1]: 2026-11-29T07:10:00.000Z ', Date.parse('2026-11-29T07:10:00Z')],
    ['Nov  9 08:10:02 mx haraka: ', new Date(2026, 10, 9, 8, 10, 2).getTime()],
    ['Jan  1 08:10:02 mx haraka: ', new Date(2027, 0, 1, 8, 10, 2).getTime()],
    ['2026-99-99T08:10:02Z ', undefined],
  ];
  for (const [time, expected] of times) {
    it(`behind "${time}" was written ${expected ?? 'nobody knows when'}`, () => {
      const found = read(logLine({ time }));
      assert.ok(isDecision(found));
      assert.equal(found.time, expected);
    });
  }
});

import assert from 'node:assert/strict';
import { type Answer, answerOf } from '../../../src/cli/audit/smtp-context';

function answerTo(line: string): Answer {
  const [, code = '', text = ''] = /^(\d{3}) (.*)$/.exec(line) ?? [];
  const enhanced = /^[245]\.\d{1,3}\.\d{1,3}(?=\s|$)/.exec(text)?.[0];
  return answerOf({ code: Number(code), lines: [line], text, enhanced, ms: 1 });
}

const cases: Readonly<Record<Answer, readonly string[]>> = {
  accepted: ['250 2.1.5 OK', '251 2.1.5 User not local; will forward'],
  refused: [
    '554 5.7.1 <user@example.net>: Relay access denied',
    '550 5.7.1 <user@example.net>... Relaying denied',
    '550 relay not permitted',
    '501 5.1.3 Bad recipient address syntax',
  ],
  'relaying-deferred': [
    '454 4.7.1 <user@example.net>: Relay access denied',
    '454 4.7.1 <later@dns.example.net>: Relay access denied',
    '451 relay not permitted',
    '450 4.7.1 Unable to relay',
    '454 4.7.1 Not for you',
  ],
  deferred: [
    '421 4.7.1 Relaying denied',
    '450 4.7.1 Relaying temporarily denied',
    '450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for 192.0.2.25',
    '450 4.2.0 <user@example.net>: Recipient address rejected: Greylisted',
    '451 4.7.1 Greylisting in action, please come back later',
    '454 4.7.1 Greylisted for 300 seconds',
    '454 4.7.1 Please try again',
    '451 4.3.0 <user@example.net>: Temporary lookup failure',
    '450 4.7.1 Client host rejected: cannot find your hostname',
    '454 4.3.0 Try again later',
    '452 4.3.1 Insufficient system storage',
    '450 4.1.2 <user@example.net>: Recipient address rejected: Domain not found',
    '354 Go on',
  ],
  'login-first': ['530 5.7.0 Authentication required', '550 5.7.1 Authentication is required for relay'],
  'no-such-domain': ['550 5.1.2 Host unknown', '550 5.1.10 nullmx'],
};

describe('answerOf', () => {
  for (const [answer, lines] of Object.entries(cases)) {
    for (const line of lines) {
      it(`takes ${line} for ${answer}`, () => assert.equal(answerTo(line), answer));
    }
  }
});

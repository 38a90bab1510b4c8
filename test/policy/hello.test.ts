import assert from 'node:assert/strict';
import { decideHello, decideMailHello, isWellFormedHello } from '../../src/policy/hello';
import { told } from '../../testkit/core';

const wellFormed: readonly string[] = [
  'mail.example.org',
  'localhost',
  'a_host.example.org',
  'MAIL-1.example.org.',
  '[192.0.2.7]',
  '[IPv6:2001:db8::7]',
  '192.0.2.7',
  'x'.repeat(255),
];
const malformed: readonly string[] = [
  '',
  'mail example.org',
  'mail.example.org\n',
  'mail/example',
  '<mail.example.org>',
  'mail@example.org',
  'müller.example',
  '[192.0.2.7',
  '192.0.2.7]',
  '[]',
  '[192.0.2.7]x',
  '2001:db8::7',
  'mail\u0000.example.org',
  'x'.repeat(256),
];

describe('isWellFormedHello', () => {
  for (const name of wellFormed) it(`takes ${name.slice(0, 40)}`, () => assert.ok(isWellFormedHello(name)));
  for (const name of malformed) {
    it(`does not take ${JSON.stringify(name.slice(0, 40))}`, () => assert.ok(!isWellFormedHello(name)));
  }
});

describe('decideHello', () => {
  it('answers a malformed name with 501', () => {
    assert.equal(told(decideHello('mail.example.org')), 'pass hello-well-formed');
    assert.equal(told(decideHello('mail/example')), 'refuse hello-malformed 501 5.0.0 Invalid domain name');
  });
});

describe('decideMailHello', () => {
  it('wants a greeting, and one that is well formed', () => {
    const missing = 'refuse hello-missing 503 5.0.0 Polite people say HELO first';
    assert.equal(told(decideMailHello('mail.example.org')), 'pass hello-well-formed');
    for (const name of [undefined, '', 'mail/example']) assert.equal(told(decideMailHello(name)), missing);
  });
});

import assert from 'node:assert/strict';
import { namedSoftware } from '../../../src/cli/audit/software';

describe('namedSoftware', () => {
  const telling = [
    ['mx.example.org ESMTP Haraka/3.3.4 ready (1A2B3C)', 'Haraka/3.3.4'],
    [
      'mx.example.org ESMTP Sendmail 8.17.1.9/8.17.1.9/Debian-2+deb12u2; Tue, 24 Nov 2026 03:00:00 GMT',
      'Sendmail 8.17.1.9',
    ],
    ['mx.example.org ESMTP Postfix (Debian/GNU)', 'Postfix'],
    ['Dovecot (Debian) ready.', 'Dovecot'],
    ['QPOP (version 4.0.5) at mx.example.org starting', 'QPOP'],
    ['2.0.0 This is sendmail version 8.17.1.9', 'sendmail'],
    ['server v4.7.1 ready', '4.7.1'],
  ] as const;
  for (const [text, software] of telling) {
    it(`finds ${software} in “${text}”`, () => assert.ok(namedSoftware(text)?.includes(software), namedSoftware(text)));
  }

  const discreet = [
    'mx.example.org ESMTP',
    'mx.example.org ESMTP ready at Tue, 24 Nov 2026 03:00:00 GMT',
    'mx.example.org Hello [192.0.2.1], pleased to meet you\nSIZE 10240000\n8BITMIME',
    '2.0.0 End of HELP info',
    'ready',
    '192.0.2.25 ESMTP',
  ];
  for (const text of discreet) {
    it(`finds none in “${text.replaceAll('\n', ' / ')}”`, () => assert.equal(namedSoftware(text), undefined));
  }
});

import assert from 'node:assert/strict';
import type { DetailedPeerCertificate } from 'node:tls';
import { judgeCertificate } from '../../../src/cli/audit/session/certificate';
import type { TlsFacts } from '../../../src/cli/audit/session/tls-options';

function facts(certificate: Partial<DetailedPeerCertificate>, distrust?: string): TlsFacts {
  return {
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    distrust,
    certificate: {
      subject: { CN: 'mx.example.org' },
      subjectaltname: 'DNS:mx.example.org',
      valid_from: 'Jan  1 00:00:00 2026 GMT',
      valid_to: 'Jan  1 00:00:00 2027 GMT',
      ...certificate,
    } as DetailedPeerCertificate,
  };
}

const summer = Date.parse('2026-07-01T00:00:00Z');

describe('judgeCertificate', () => {
  const cases = [
    { name: 'a good one', given: facts({}), verdict: 'safe' },
    { name: 'an expired one', given: facts({ valid_to: 'Jun  1 00:00:00 2026 GMT' }), verdict: 'unsafe' },
    {
      name: 'one that expires within two weeks',
      given: facts({ valid_to: 'Jul 10 00:00:00 2026 GMT' }),
      verdict: 'report',
    },
    { name: 'one not valid yet', given: facts({ valid_from: 'Aug  1 00:00:00 2026 GMT' }), verdict: 'unsafe' },
    { name: 'dates that are none', given: facts({ valid_to: 'never' }), verdict: 'unsafe' },
    { name: 'another name', given: facts({ subjectaltname: 'DNS:www.example.org' }), verdict: 'unsafe' },
    { name: 'a chain that ends nowhere', given: facts({}, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'), verdict: 'unsafe' },
    { name: 'an RSA key of 1024 bits', given: facts({ modulus: 'C0FFEE', bits: 1024 }), verdict: 'unsafe' },
    { name: 'an RSA key of 2048 bits', given: facts({ modulus: 'C0FFEE', bits: 2048 }), verdict: 'safe' },
    { name: 'an elliptic key of 256 bits', given: facts({ bits: 256 }), verdict: 'safe' },
  ];
  for (const { name, given, verdict } of cases) {
    it(`finds ${name} ${verdict} where passwords are sent`, () => {
      assert.equal(judgeCertificate(given, { name: 'mx.example.org', strict: true, now: summer }).verdict, verdict);
    });
  }

  it('only reports name and chain where mail servers speak among themselves, but not what is expired', () => {
    const options = { name: 'mx.example.org', strict: false, now: summer };
    assert.equal(judgeCertificate(facts({ subjectaltname: 'DNS:www.example.org' }), options).verdict, 'report');
    assert.equal(judgeCertificate(facts({}, 'DEPTH_ZERO_SELF_SIGNED_CERT'), options).verdict, 'report');
    assert.equal(judgeCertificate(facts({ valid_to: 'Jun  1 00:00:00 2026 GMT' }), options).verdict, 'unsafe');
  });

  it('says that it has no name to compare with, rather than that the name is right', () => {
    assert.equal(judgeCertificate(facts({}), { name: undefined, strict: true, now: summer }).verdict, 'report');
  });
});

import assert from 'node:assert/strict';
import { type AuthWarningRequest, authWarningHeader, authWarnings } from '../../src/policy/auth-warning';
import { address } from '../../testkit/core';

interface WarningCase {
  readonly name: string;
  readonly request: Partial<AuthWarningRequest>;
  readonly says: readonly string[];
}

const cases: readonly WarningCase[] = [
  {
    name: 'says nothing when the HELO name is the confirmed PTR name',
    request: { claimedHelo: 'mail.example.org', clientName: 'mail.example.org', clientNameConfirmed: true },
    says: [],
  },
  {
    name: 'says nothing when it is the PTR name, confirmed or not',
    request: { claimedHelo: 'MAIL.example.org.', clientName: 'mail.example.org' },
    says: [],
  },
  { name: 'says nothing when it is a literal of the address', request: { claimedHelo: '[192.0.2.7]' }, says: [] },
  {
    name: 'says nothing when it is a literal of the mapped address',
    request: { claimedHelo: '[IPv6:::ffff:192.0.2.7]' },
    says: [],
  },
  {
    name: 'warns of a literal of another address',
    request: { claimedHelo: '[192.0.2.8]' },
    says: ['mx.local.example: Host unknown [192.0.2.7] claimed to be [192.0.2.8]'],
  },
  {
    name: 'warns of any literal when the address is not known',
    request: { claimedHelo: '[192.0.2.7]', clientAddress: undefined },
    says: ['mx.local.example: Host unknown [192.0.2.7] claimed to be [192.0.2.7]'],
  },
  {
    name: 'warns of an address without brackets',
    request: { claimedHelo: '192.0.2.7' },
    says: ['mx.local.example: Host unknown [192.0.2.7] claimed to be 192.0.2.7'],
  },
  {
    name: 'warns of another name, by the confirmed one',
    request: { claimedHelo: 'victim.example', clientName: 'mail.example.org', clientNameConfirmed: true },
    says: ['mx.local.example: Host mail.example.org [192.0.2.7] claimed to be victim.example'],
  },
  {
    name: 'says that a name may be forged unless it is confirmed',
    request: { claimedHelo: 'victim.example', clientName: 'mail.example.org' },
    says: ['mx.local.example: Host mail.example.org [192.0.2.7] (may be forged) claimed to be victim.example'],
  },
  {
    name: 'warns of a name when there is no PTR name',
    request: { claimedHelo: 'victim.example' },
    says: ['mx.local.example: Host unknown [192.0.2.7] claimed to be victim.example'],
  },
  {
    name: 'warns of a missing HELO',
    request: {},
    says: ["mx.local.example: unknown [192.0.2.7] didn't use HELO protocol"],
  },
  {
    name: 'warns of a missing HELO by name',
    request: { clientName: 'mail.example.org', clientNameConfirmed: true },
    says: ["mx.local.example: mail.example.org [192.0.2.7] didn't use HELO protocol"],
  },
  {
    name: 'lets no claim break out of the header',
    request: { claimedHelo: 'a\r\nBcc: x@victim.example\u0000é' },
    says: ['mx.local.example: Host unknown [192.0.2.7] claimed to be a??Bcc:?x@victim.example??'],
  },
  {
    name: 'cuts a claim that is too long',
    request: { claimedHelo: 'x'.repeat(300) },
    says: [`mx.local.example: Host unknown [192.0.2.7] claimed to be ${'x'.repeat(255)}`],
  },
];

describe('authWarnings', () => {
  it('go by the header of sendmail', () => assert.equal(authWarningHeader, 'X-Authentication-Warning'));

  for (const { name, request, says } of cases) {
    it(name, () => {
      const warnings = authWarnings({
        ourName: 'mx.local.example',
        clientAddress: address('192.0.2.7'),
        clientIp: '192.0.2.7',
        clientName: undefined,
        clientNameConfirmed: false,
        claimedHelo: undefined,
        ...request,
      });
      assert.deepEqual(warnings, says);
    });
  }
});

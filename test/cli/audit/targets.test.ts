import assert from 'node:assert/strict';
import { channelName } from '../../../src/cli/audit/session/channel';
import { channelsOf, isLocalAddress, parseTarget } from '../../../src/cli/audit/targets';

describe('parseTarget', () => {
  const cases = [
    { text: 'mx.example.org', host: 'mx.example.org', port: 25, implicit: false },
    { text: 'mx.example.org:2525', host: 'mx.example.org', port: 2525, implicit: false },
    { text: 'mx.example.org:465', host: 'mx.example.org', port: 465, implicit: true },
    { text: '192.0.2.1:587', host: '192.0.2.1', port: 587, implicit: false },
    { text: '2001:db8::25', host: '2001:db8::25', port: 25, implicit: false },
    { text: '[2001:db8::25]', host: '2001:db8::25', port: 25, implicit: false },
    { text: '[2001:db8::25]:2525', host: '2001:db8::25', port: 2525, implicit: false },
  ];
  for (const { text, ...target } of cases) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseTarget(text, 'smtp', false), { protocol: 'smtp', ...target });
    });
  }

  for (const text of ['', ':25', 'mx.example.org:', 'mx.example.org:smtp', 'mx.example.org:0', 'mx:70000', '[::1']) {
    it(`refuses “${text}”`, () => {
      assert.throws(() => parseTarget(text, 'smtp', false), /is no HOST or HOST:PORT/);
    });
  }

  it('knows the ports of POP3', () => {
    assert.equal(parseTarget('pop.example.org', 'pop3', false).port, 110);
    assert.equal(parseTarget('pop.example.org', 'pop3', true).port, 995);
    assert.equal(parseTarget('pop.example.org:995', 'pop3', false).implicit, true);
  });
});

describe('channelsOf', () => {
  const target = parseTarget('mx.example.org', 'smtp', false);
  const both = async () => [
    { address: '192.0.2.1', family: 4 },
    { address: '2001:db8::1', family: 6 },
    { address: '192.0.2.1', family: 4 },
  ];
  const names = async (families: { 4: boolean; 6: boolean }, tls: boolean): Promise<string[]> =>
    (await channelsOf(target, families, tls, both)).map(channelName);

  it('has both families, in clear text and over STARTTLS, each address once', async () => {
    assert.deepEqual(await names({ 4: true, 6: true }, true), [
      'smtp 192.0.2.1:25',
      'smtp 192.0.2.1:25 STARTTLS',
      'smtp [2001:db8::1]:25',
      'smtp [2001:db8::1]:25 STARTTLS',
    ]);
  });

  it('keeps to one family and to clear text where it is told to', async () => {
    assert.deepEqual(await names({ 4: false, 6: true }, false), ['smtp [2001:db8::1]:25']);
  });

  it('has one channel for a port with TLS from the first byte', async () => {
    const implicit = await channelsOf(parseTarget('mx.example.org', 'smtp', true), { 4: true, 6: false }, true, both);
    assert.deepEqual(implicit.map(channelName), ['smtp 192.0.2.1:465 TLS']);
  });
});

describe('isLocalAddress', () => {
  for (const address of [
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '10.1.2.3',
    '192.168.0.1',
    'fe80::1',
    'fe80::1%eth0',
    '172.31.255.255',
    '169.254.1.1',
    'fd00::1',
    '::ffff:10.0.0.1',
  ]) {
    it(`needs no word for ${address}`, () => assert.ok(isLocalAddress(address)));
  }
  for (const address of [
    '8.8.8.8',
    '2606:4700::1111',
    '172.32.0.1',
    '11.0.0.1',
    'fec0::1',
    '100.64.0.1',
    '127.1',
    '::ffff:8.8.8.8',
    'nonsense',
  ]) {
    it(`needs a word for ${address}`, () => assert.ok(!isLocalAddress(address)));
  }
});

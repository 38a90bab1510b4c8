import assert from 'node:assert/strict';
import {
  formatAddress,
  hasHostBits,
  type IpAddress,
  ipv4,
  isThisHostEverywhere,
  maskAddress,
  parseAddress,
  parseAddressLiteral,
  parseIpv6,
  sameAddress,
  widthOf,
  wordMask,
} from '../../../src/policy/entries/ip-address';
import { address } from '../../../testkit/core';

const shown = (parsed: IpAddress | undefined) => parsed && formatAddress(parsed);

const addresses: readonly { readonly text: string; readonly is: string | undefined }[] = [
  { text: '192.0.2.7', is: '192.0.2.7' },
  { text: '0.0.0.0', is: '0.0.0.0' },
  { text: '255.255.255.255', is: '255.255.255.255' },
  { text: '192.0.2.256', is: undefined },
  { text: '192.0.2', is: undefined },
  { text: '192.0.2.', is: undefined },
  { text: '192.0.2.7.', is: undefined },
  { text: '192.0.2.7.9', is: undefined },
  { text: '192..2.7', is: undefined },
  { text: '192.0.2.07', is: undefined },
  { text: '192.0.2.00', is: undefined },
  { text: '0300.0.2.7', is: undefined },
  { text: '0xc0.0.2.7', is: undefined },
  { text: '3221225991', is: undefined },
  { text: ' 192.0.2.7', is: undefined },
  { text: '192.0.2.7\n', is: undefined },
  { text: '２.0.2.7', is: undefined },
  { text: '', is: undefined },
  { text: 'mail.example.org', is: undefined },
  { text: '2001:db8::7', is: '2001:db8::7' },
  { text: '2001:DB8:0:0:0:0:0:7', is: '2001:db8::7' },
  { text: '::', is: '::' },
  { text: '::1', is: '::1' },
  { text: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', is: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' },
  { text: 'fe80::1%eth0', is: 'fe80::1' },
  { text: '::ffff:192.0.2.7', is: '192.0.2.7' },
  { text: '::ffff:c000:207', is: '192.0.2.7' },
  { text: '0:0:0:0:0:ffff:c000:207', is: '192.0.2.7' },
  { text: '::192.0.2.7', is: '::c000:207' },
  { text: '1:2:3:4:5:6:192.0.2.7', is: '1:2:3:4:5:6:c000:207' },
  { text: '1:2:3:4:5:6:7:192.0.2.7', is: undefined },
  { text: '::fffe:c000:207', is: '::fffe:c000:207' },
  { text: '::1:ffff:c000:207', is: '::1:ffff:c000:207' },
  { text: '64:ff9b::192.0.2.7', is: '64:ff9b::c000:207' },
  { text: '::ffff:192.0.2.256', is: undefined },
  { text: '::ffff:192.0.2.07', is: undefined },
  { text: '::ffff:0300.0.2.7', is: undefined },
  { text: '2001:db8:::7', is: undefined },
  { text: '2001:db8::7::8', is: undefined },
  { text: '2001:db8:0:0:0:0:0:0:7', is: undefined },
  { text: '2001:db8::12345', is: undefined },
  { text: '2001:db8::g', is: undefined },
  { text: '[2001:db8::7]', is: undefined },
  { text: ':', is: undefined },
  { text: '192.0.2.:', is: undefined },
  { text: '192.0.2.a', is: undefined },
  { text: '1:2:3:4:5:6:7:8:', is: undefined },
  { text: '2001:db8::7:', is: undefined },
  { text: '::7::8', is: undefined },
  { text: '1:2:3:4:5:6:7::', is: '1:2:3:4:5:6:7:0' },
  { text: '1:2:3:4::5:6:7', is: '1:2:3:4:0:5:6:7' },
  { text: '1:2:3:4::5:6:7:8', is: undefined },
  { text: '2001:db8::`', is: undefined },
  { text: '2001:db8::@', is: undefined },
  { text: '1:1:0:0:0:ffff:c000:207', is: '1:1::ffff:c000:207' },
  { text: '0:0:1:1:0:ffff:c000:207', is: '::1:1:0:ffff:c000:207' },
];

describe('parseAddress', () => {
  for (const { text, is } of addresses) {
    it(`${is === undefined ? 'knows no address in' : `reads ${is} from`} ${JSON.stringify(text)}`, () => {
      assert.equal(shown(parseAddress(text)), is);
    });
  }

  it('keeps every word unsigned', () => {
    assert.deepEqual(parseAddress('255.255.255.255'), ipv4(0xffffffff));
    assert.equal(parseAddress('ffff:ffff::')?.w0, 0xffffffff);
  });
});

describe('parseIpv6', () => {
  it('takes no zone and no dotted quad', () => {
    assert.equal(parseIpv6('fe80::1%eth0'), undefined);
    assert.equal(parseIpv6('192.0.2.7'), undefined);
    assert.equal(parseIpv6(':12:3:4'), undefined);
  });
});

const literals: readonly { readonly text: string; readonly is: string | undefined }[] = [
  { text: '[192.0.2.25]', is: '192.0.2.25' },
  { text: '[IPv6:2001:db8::25]', is: '2001:db8::25' },
  { text: '[ipv6:2001:db8::25]', is: '2001:db8::25' },
  { text: '[IPv6:::ffff:192.0.2.25]', is: '192.0.2.25' },
  { text: '[192.0.2.025]', is: undefined },
  { text: '[2001:db8::25]', is: undefined },
  { text: '[IPv6:192.0.2.25]', is: undefined },
  { text: '[ 192.0.2.25]', is: undefined },
  { text: '[192.0.2.25', is: undefined },
  { text: '192.0.2.25]', is: undefined },
  { text: '192.0.2.25', is: undefined },
  { text: '[]', is: undefined },
  { text: '[xIPv6::1]', is: undefined },
  { text: '[mail.example.org]', is: undefined },
];

describe('parseAddressLiteral', () => {
  for (const { text, is } of literals) {
    it(`${is === undefined ? 'knows no address in' : `reads ${is} from`} ${text}`, () => {
      assert.equal(shown(parseAddressLiteral(text)), is);
    });
  }
});

const masks: readonly { readonly from: string; readonly length: number; readonly is: string }[] = [
  { from: '255.255.255.255', length: 0, is: '0.0.0.0' },
  { from: '255.255.255.255', length: 1, is: '128.0.0.0' },
  { from: '255.255.255.255', length: 17, is: '255.255.128.0' },
  { from: '255.255.255.255', length: 31, is: '255.255.255.254' },
  { from: '255.255.255.255', length: 32, is: '255.255.255.255' },
  { from: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', length: 0, is: '::' },
  { from: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', length: 31, is: 'ffff:fffe::' },
  { from: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', length: 32, is: 'ffff:ffff::' },
  { from: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', length: 33, is: 'ffff:ffff:8000::' },
  { from: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', length: 64, is: 'ffff:ffff:ffff:ffff::' },
  { from: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', length: 97, is: 'ffff:ffff:ffff:ffff:ffff:ffff:8000:0' },
  { from: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', length: 127, is: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe' },
  { from: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', length: 128, is: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff' },
];

describe('maskAddress', () => {
  for (const { from, length, is } of masks) {
    it(`keeps ${length} bits of ${from}`, () => {
      assert.equal(shown(maskAddress(address(from), length)), is);
      assert.equal(hasHostBits(address(from), length), shown(address(from)) !== is);
      assert.equal(hasHostBits(address(is), length), false);
    });
  }

  it('builds on masks that are unsigned at both ends', () => {
    assert.deepEqual([-1, 0, 1, 31, 32, 33].map(wordMask), [0, 0, 0x80000000, 0xfffffffe, 0xffffffff, 0xffffffff]);
    assert.deepEqual([widthOf(4), widthOf(6)], [32, 128]);
  });
});

describe('hasHostBits', () => {
  it('finds a single bit behind any length, and none before it', () => {
    const wordWith = (bit: number, word: number) => (bit >> 5 === word ? (0x80000000 >>> (bit & 31)) >>> 0 : 0);
    for (let bit = 0; bit < 128; bit++) {
      const [w0, w1, w2, w3] = [0, 1, 2, 3].map((word) => wordWith(bit, word)) as [number, number, number, number];
      for (let length = 0; length <= 128; length++) {
        assert.equal(hasHostBits({ family: 6, w0, w1, w2, w3 }, length), bit >= length, `bit ${bit}, /${length}`);
        if (bit < 32) assert.equal(hasHostBits(ipv4(w0), length), bit >= length, `bit ${bit} of IPv4, /${length}`);
      }
    }
  });
});

describe('sameAddress', () => {
  const of = (text: string) => address(text);

  it('compares by number and family', () => {
    assert.ok(sameAddress(of('2001:db8::7'), of('2001:0DB8:0::0007')));
    assert.ok(sameAddress(of('::ffff:192.0.2.7'), of('192.0.2.7')));
    assert.ok(!sameAddress(of('192.0.2.7'), of('192.0.2.8')));
    assert.ok(!sameAddress(of('0.0.0.0'), of('::')));
    for (const other of ['2001:db9::7', '2001:db8:0:1::7', '2001:db8::1:0:0:7', '2001:db8::8']) {
      assert.ok(!sameAddress(of('2001:db8::7'), of(other)), other);
    }
  });
});

describe('isThisHostEverywhere', () => {
  for (const text of ['127.0.0.1', '127.255.0.7', '0.0.0.0']) {
    it(`holds for ${text}`, () => assert.ok(isThisHostEverywhere(address(text))));
  }
  for (const text of ['0.0.0.1', '126.0.0.1', '128.0.0.1', '::', '2001:db8::7', '7f00::1']) {
    it(`does not hold for ${text}`, () => assert.ok(!isThisHostEverywhere(address(text))));
  }
});

import assert from 'node:assert/strict';
import { parseEntry } from '../../../src/policy/entries/entry';
import { parsePlainEntry } from '../../../src/policy/tables/plain-entry';
import { fc, runs } from '../../../testkit/properties';

/** Characters and pieces of which entries are made, sound ones and others. */
const pieces =
  '0 1 9 10 133 192 255 256 00 007 . / : :: ! = - _ @ * % a f ff abcd 12345 example org jp ac.jp xn--p1ai A EXAMPLE é /8 /24 /33 /64 /128 /129 /0 ; 192.0.2.0-192.0.2.9 192.0.2.0-9 /255.255.255.0'.split(
    ' ',
  );

const texts = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 9 }).map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom('', '!'), fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain())).map((parts) => parts.join('')),
  fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat({ max: 130 })).map(([address, length]) => `${address}/${length}`),
  fc.array(fc.nat({ max: 300 }), { maxLength: 5 }).map((octets) => octets.join('.')),
);

describe('parsePlainEntry', () => {
  const plain: readonly (readonly [form: string, sound: string, other: string])[] = [
    ['an octet prefix', '133.9', '133.9.'],
    ['an IPv4 address', '192.0.2.1', '192.0.2.01'],
    ['an IPv4 network', '192.0.2.0/24', '192.0.2.1/24'],
    ['an IPv6 address', '2001:db8::1', '::ffff:192.0.2.1'],
    ['an IPv6 network', '2001:db8::/32', '2001:db8::/16'],
    ['the greatest octet', '255.255.255.255', '256.255.255.255'],
    ['the least length', '128.0.0.0/1', '0.0.0.0/0'],
    ['the greatest length', '192.0.2.7/32', '192.0.2.7/33'],
    ['the greatest length of IPv6', '2001:db8::7/128', '2001:db8::7/129'],
    ['a length with a zero', '10.0.0.0/10', '10.0.0.0/010'],
    ['a length with a nine', '10.0.0.0/9', '10.0.0.0/09'],
    ['a length of digits', '192.0.0.0/18', '192.0.0.0/2.'],
    ['a length of decimal digits', '2001:db8::/32', '2001:db8::/3a'],
    ['IPv6 in hexadecimal', '::c000:207', '::c000:20g'],
    ['IPv6 with a dotted end', '::192.0.2.7', '::192.0.2.07'],
    ['an exclusion', '!192.0.2.1', '!!192.0.2.1'],
    ['a label with a hyphen', 'x-y.example.org', 'x-.example.org'],
    ['a label that starts with a letter', 'x.example.org', '-x.example.org'],
    ['a last label with a letter', 'mail.example.7a', 'mail.example.7'],
    ['a last label with a hyphen', 'mail.7-7', 'mail.10'],
    ['digits before the last label', '19.example', 'mail.19'],
    ['a label of 63 behind another', `a.${'a'.repeat(63)}.example`, `a.${'a'.repeat(64)}.example`],
    ['a domain', 'waseda.ac.jp', 'ac.jp'],
    ['a lower-case domain', 'mail.example.org', 'Mail.example.org'],
    ['a domain without trailing dot', 'example.org', 'example.org.'],
    ['a label of 63', `${'a'.repeat(63)}.example`, `${'a'.repeat(64)}.example`],
    ['a name of 253', `${'a.'.repeat(123)}example`, `${'a.'.repeat(124)}example`],
  ];
  for (const [form, sound, other] of plain) {
    it(`reads ${form} and leaves ${other.slice(0, 70)} to parseEntry`, () => {
      assert.ok(parsePlainEntry(sound));
      assert.equal(parsePlainEntry(other), undefined);
    });
  }

  it('says what parseEntry says of all that it reads', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const entry = parsePlainEntry(text);
        if (entry) assert.deepEqual(entry, parseEntry(text));
      }),
      { numRuns: runs(20_000) },
    );
  });
});

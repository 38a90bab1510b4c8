import assert from 'node:assert/strict';
import { formatAddress } from '../../../src/policy/entries/ip-address';
import { codesOf } from '../../../src/policy/tables/codes';
import { PlainNetwork } from '../../../src/policy/tables/plain-network';
import { fc, runs } from '../../../testkit/properties';

const plain = new PlainNetwork();

function read(text: string, from = 0, to = text.length): string | undefined {
  if (!plain.read(codesOf(text), from, to)) return undefined;
  return `${plain.excluded ? '!' : ''}${formatAddress(plain)}/${plain.length}`;
}

describe('PlainNetwork', () => {
  it('says no to what is empty', () => {
    for (const text of ['', '!', '/', '/8', '!/8', ':', '.']) assert.equal(read(text), undefined, text);
  });

  it('keeps nothing of what it read before', () => {
    assert.equal(read('!2001:db8:1:2:3:4:5:6'), '!2001:db8:1:2:3:4:5:6/128');
    assert.equal(read('10.1/16'), undefined);
    assert.equal(read('10.1'), '10.1.0.0/16');
    assert.deepEqual({ ...plain }, { family: 4, w0: 0x0a010000, w1: 0, w2: 0, w3: 0, length: 16, excluded: false });
    assert.equal(read('2001:db8::/32'), '2001:db8::/32');
    assert.equal(read('::1'), '::1/128');
  });

  it('reads nothing outside of its part of the text', () => {
    assert.equal(read('1:', 0, 1), '1.0.0.0/8');
    assert.equal(read('::1::', 2, 3), '1.0.0.0/8');
    assert.equal(read('::10::', 0, 3), '::1/128');
    assert.equal(read('10.0.0.0/80', 0, 10), '10.0.0.0/8');
    const around = fc.constantFrom('', '1', '9', 'f', ':', '::', '.', '.1', '/', '/8', '!', ' ', '\n10.0.0.0/8');
    const entry = fc.oneof(
      fc.tuple(fc.constantFrom('', '!'), fc.oneof(fc.ipV4(), fc.ipV6())).map((parts) => parts.join('')),
      fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat({ max: 130 })).map(([address, length]) => `${address}/${length}`),
      fc.constantFrom('', '!', ':', '::', '1', '10.', '10.0.0.0/', '::/', '::1', '1::', 'ffff', 'example'),
    );
    fc.assert(
      fc.property(around, entry, around, (before, text, behind) => {
        const inside = read(before + text + behind, before.length, before.length + text.length);
        assert.equal(inside, read(text));
      }),
      { numRuns: runs(10_000) },
    );
  });
});

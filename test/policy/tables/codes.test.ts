import assert from 'node:assert/strict';
import { codesOf, codesOfWord } from '../../../src/policy/tables/codes';
import { fc, runs } from '../../../testkit/properties';

/** Any UTF-16, pairs and halves of pairs among it; and characters whose last octet is that of an ASCII character. */
const texts = fc.array(
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u0141', '\u2e2e', '\ud800', '\udc41', '\ufeff', 'a', '.', '\n'),
  ),
  { maxLength: 20 },
);

function isTrue(codes: Uint8Array, text: string): boolean {
  return [...text.split('')].every((character, i) => {
    const code = character.charCodeAt(0);
    return code < 0x80 ? codes[i] === code : (codes[i] as number) >= 0x80;
  });
}

describe('codesOf', () => {
  it('has each ASCII character in its place, and no other character as one', () => {
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('');
        const codes = codesOf(text);
        assert.equal(codes.length, text.length);
        assert.ok(isTrue(codes, text));
      }),
      { numRuns: runs(5000) },
    );
  });

  it('says the same of octets that are there already, be they UTF-8 or not', () => {
    const bytes = fc.array(
      fc.oneof(
        fc.uint8Array(),
        fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        fc.string({ unit: 'grapheme-ascii' }).map((text) => Buffer.from(text)),
      ),
      { maxLength: 4 },
    );
    let own = 0;
    fc.assert(
      fc.property(bytes, (parts) => {
        const octets = Buffer.concat(parts);
        const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets);
        const codes = codesOf(text, octets);
        if (codes === octets) own++;
        assert.equal(codes.length, text.length);
        assert.ok(isTrue(codes, text));
      }),
      { numRuns: runs(5000) },
    );
    assert.ok(own > 0);
  });
});

describe('codesOfWord', () => {
  it('has the codes of words short and long', () => {
    for (const length of [0, 1, 255, 256, 257, 1000]) {
      const text = 'x.\u0141'.repeat(length).slice(0, length);
      assert.ok(isTrue(codesOfWord(text), text), `${length}`);
    }
    assert.equal(codesOfWord('a')[0], 0x61);
  });
});

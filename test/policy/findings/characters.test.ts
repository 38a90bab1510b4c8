import assert from 'node:assert/strict';
import { printable, printableLines, printableMessage } from '../../../src/policy/findings/characters';

interface CharacterCase {
  readonly name: string;
  readonly text: string;
  readonly shown: string;
}

const cases: readonly CharacterCase[] = [
  { name: 'ESC, BEL and TAB', text: '\x1b[31m\x07\t', shown: '\\u001b[31m\\u0007\\t' },
  { name: 'line ends', text: 'a\r\nb\vc\fd', shown: 'a\\r\\nb\\u000bc\\u000cd' },
  { name: 'NUL and DEL', text: '\0\x7f', shown: '\\u0000\\u007f' },
  { name: 'C1, both ends and CSI', text: '\x80\x85\x9b\x9f', shown: '\\u0080\\u0085\\u009b\\u009f' },
  { name: 'line and paragraph separators', text: '\u2028\u2029', shown: '\\u2028\\u2029' },
  {
    name: 'embeddings, overrides and isolates',
    text: '\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069',
    shown: '\\u202a\\u202b\\u202c\\u202d\\u202e\\u2066\\u2067\\u2068\\u2069',
  },
  { name: 'directional marks', text: '\u200e\u200f\u061c', shown: '\\u200e\\u200f\\u061c' },
];

const harmless = ['', ' ~', '\xa0é', 'メール', '\u200b\u200d\u2027\u202f\u2065\u206a', '😀', 'a\\nb "q"'];

describe('printable', () => {
  for (const { name, text, shown } of cases) {
    it(`escapes ${name}, and once`, () => {
      assert.equal(printable(text), shown);
      assert.equal(printable(shown), shown);
    });
  }

  it('leaves everything else as it is', () => {
    for (const text of harmless) assert.equal(printable(text), text);
  });

  it('leaves JSON the same value', () => {
    const value = [...cases.map(({ text }) => text), ...harmless];
    assert.deepEqual(JSON.parse(printableLines(JSON.stringify(value, undefined, 2))), value);
  });

  it('keeps the tabs of a message, and nothing else', () => {
    assert.equal(printableMessage('a\tb\t\x1bc\n\t'), 'a\tb\t\\u001bc\\n\t');
  });

  it('keeps the lines of a text of several, and nothing else', () => {
    assert.equal(printableLines('a\nb\r\n\x1bc'), 'a\nb\\r\n\\u001bc');
  });
});

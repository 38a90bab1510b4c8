import assert from 'node:assert/strict';
import { isTrue, parseIni } from '../../../src/policy/settings/ini';

interface IniCase {
  readonly name: string;
  readonly text: string;
  /** `line:column section.key=value` */
  readonly entries?: readonly string[];
  readonly sections?: readonly string[];
  readonly bad?: readonly string[];
}

const cases: readonly IniCase[] = [
  { name: 'finds nothing in an empty text', text: '' },
  {
    name: 'puts keys before the first section into main',
    text: 'a=1\n[relay]\nb=2',
    entries: ['1:1 main.a=1', '3:1 relay.b=2'],
    sections: ['2 relay'],
  },
  {
    name: 'takes BOM, CRLF and a missing last newline',
    text: '\ufeff[relay]\r\na=1\r\nb=2',
    entries: ['2:1 relay.a=1', '3:1 relay.b=2'],
    sections: ['1 relay'],
  },
  {
    name: 'takes blanks around all parts',
    text: '  [ relay ]  \n\ta  =  1 2  ',
    entries: ['2:2 relay.a=1 2'],
    sections: ['1 relay'],
  },
  {
    name: 'takes comments at the start of a line alone',
    text: '; x\n# y\n ;z\na=1 ; not one',
    entries: ['4:1 main.a=1 ; not one'],
  },
  { name: 'keeps a BOM within a value of a text without', text: 'a=x\ufeffy', entries: ['1:1 main.a=x\ufeffy'] },
  { name: 'keeps = within a value', text: 'a=b=c', entries: ['1:1 main.a=b=c'] },
  { name: 'takes an empty value', text: 'a=\nb =', entries: ['1:1 main.a=', '2:1 main.b='] },
  {
    name: 'keeps sections that occur twice',
    text: '[a]\nx=1\n[b]\n[a]\nx=2',
    entries: ['2:1 a.x=1', '5:1 a.x=2'],
    sections: ['1 a', '3 b', '4 a'],
  },
  {
    name: 'reports what is neither',
    text: 'word\n[open\n=1\na b=1\nok=1\nx[relay]\n[relay]x\n',
    entries: ['5:1 main.ok=1'],
    bad: ['1 word', '2 [open', '3 =1', '4 a b=1', '6 x[relay]', '7 [relay]x'].map((text) =>
      text.replace(' ', ' ini-syntax '),
    ),
  },
  { name: 'reports a carriage return that ends no line', text: 'a=1\r', bad: ['1 bad-characters a=1'] },
  { name: 'reports old Mac line ends', text: 'a=1\rb=2', bad: ['1 bad-characters a=1\rb=2'] },
  ...['\r', '\v', '\f', '\u0085', '\u2028', '\u2029', '\0', '\u001b', '\u202e'].map((character) => ({
    name: `reports ${JSON.stringify(character)} in a comment`,
    text: `; relay${character}[relay]\na=1`,
    entries: ['2:1 main.a=1'],
    bad: [`1 bad-characters ; relay${character}[relay]`],
  })),
  {
    name: 'reports a line of more characters than any setting has',
    text: `a=${'x'.repeat(4094)}\nb=${'x'.repeat(4095)}\n; ${'x'.repeat(5000)}`,
    entries: [`1:1 main.a=${'x'.repeat(4094)}`],
    bad: [`2 ini-syntax b=${'x'.repeat(4095)}`],
  },
  {
    name: 'takes no time over blanks in a section',
    text: `[${' '.repeat(4000)}x`,
    bad: [`1 ini-syntax [${' '.repeat(4000)}x`],
  },
  {
    name: 'has no keys of objects',
    text: '__proto__=1\n[constructor]\ntoString=2',
    entries: ['1:1 main.__proto__=1', '3:1 constructor.toString=2'],
    sections: ['2 constructor'],
  },
];

describe('parseIni', () => {
  for (const { name, text, entries = [], sections = [], bad = [] } of cases) {
    it(name, () => {
      const ini = parseIni(text);
      assert.deepEqual(
        ini.entries.map(({ section, key, value, line, column }) => `${line}:${column} ${section}.${key}=${value}`),
        entries,
      );
      assert.deepEqual(
        ini.sections.map(({ name, line }) => `${line} ${name}`),
        sections,
      );
      assert.deepEqual(
        ini.bad.map(({ line, problem, written }) => `${line} ${problem} ${written}`),
        bad,
      );
    });
  }
});

describe('isTrue', () => {
  for (const value of ['true', 'YES', 'ok', 'Enabled', 'on', '1']) it(`takes ${value}`, () => assert.ok(isTrue(value)));
  for (const value of ['', 'false', 'untrue', 'true2', '0', '10']) {
    it(`does not take ${JSON.stringify(value)}`, () => assert.ok(!isTrue(value)));
  }
});

describe('parseIni', () => {
  it('says how long a line may be', () => {
    assert.deepEqual(
      parseIni(`b=${'x'.repeat(4095)}`).bad.map(({ detail }) => detail),
      ['at most 4096 characters'],
    );
  });
});

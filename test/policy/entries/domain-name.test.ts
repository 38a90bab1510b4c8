import assert from 'node:assert/strict';
import {
  canonicalDomain,
  isPublicSuffix,
  normalizeDnsName,
  parseDomainName,
} from '../../../src/policy/entries/domain-name';

const label63 = 'a'.repeat(63);
const longest = [label63, label63, label63, 'a'.repeat(61)].join('.');

const names: readonly { readonly text: string; readonly is: string | undefined }[] = [
  { text: 'example.org', is: 'example.org' },
  { text: 'Mail.Example.ORG', is: 'mail.example.org' },
  { text: 'example.org.', is: 'example.org' },
  { text: 'example.org..', is: undefined },
  { text: 'localhost', is: 'localhost' },
  { text: 'a_host.example.org', is: 'a_host.example.org' },
  { text: 'x--y.example.org', is: 'x--y.example.org' },
  { text: '-x.example.org', is: undefined },
  { text: 'x-.example.org', is: undefined },
  { text: 'a..b', is: undefined },
  { text: '.example.org', is: undefined },
  { text: '', is: undefined },
  { text: '.', is: undefined },
  { text: 'exa mple.org', is: undefined },
  { text: 'exa,mple.org', is: undefined },
  { text: 'example.org/24', is: undefined },
  { text: 'mail.example.7', is: undefined },
  { text: '7.example.org', is: '7.example.org' },
  { text: 'example.7a', is: 'example.7a' },
  { text: `${label63}.example.org`, is: `${label63}.example.org` },
  { text: `${label63}a.example.org`, is: undefined },
  { text: longest, is: longest },
  { text: `${longest}a`, is: undefined },
  { text: 'bücher.example', is: 'xn--bcher-kva.example' },
  { text: 'BÜCHER.Example.', is: 'xn--bcher-kva.example' },
  { text: 'xn--bcher-kva.example', is: 'xn--bcher-kva.example' },
  { text: 'ΟΔΟΣ.example', is: 'xn--pxavbq.example' },
  { text: '早稲田.example', is: 'xn--0gvz35a4wd.example' },
  { text: '１９２.0.2.7', is: undefined },
  { text: 'ex\u0000ample.org', is: undefined },
];

/** Each as c-ares writes it: `String.raw` keeps its backslashes. */
const dnsNames: readonly { readonly text: string; readonly is: string }[] = [
  { text: 'Mail.Example.ORG', is: 'mail.example.org' },
  { text: 'example.org.', is: 'example.org' },
  { text: 'bad-.spam.example', is: 'bad-.spam.example' },
  { text: '-pc.campus.example', is: '-pc.campus.example' },
  { text: '*._x/24.example', is: '*._x/24.example' },
  { text: 'with space.example', is: 'with space.example' },
  { text: String.raw`with\ space\032.example`, is: 'with space .example' },
  { text: String.raw`x\.campus.example`, is: String.raw`x\046campus.example` },
  { text: String.raw`x\046campus.example`, is: String.raw`x\046campus.example` },
  { text: String.raw`host\.campus\.example`, is: String.raw`host\046campus\046example` },
  { text: String.raw`x\\.campus.example`, is: String.raw`x\092.campus.example` },
  { text: String.raw`x\\\.campus.example`, is: String.raw`x\092\046campus.example` },
  { text: String.raw`evil\000.example`, is: String.raw`evil\000.example` },
  { text: String.raw`A\066\255.example`, is: String.raw`ab\255.example` },
  { text: String.raw`a\"b\@c\$.example`, is: 'a"b@c$.example' },
  { text: String.raw`example\.`, is: String.raw`example\046` },
  { text: String.raw`a\999.example`, is: 'a999.example' },
  { text: String.raw`a\256.example`, is: 'a256.example' },
  { text: 'é', is: String.raw`\195\169` },
  { text: 'a\u007f.example', is: String.raw`a\127.example` },
  { text: 'tail\\', is: String.raw`tail\092` },
  { text: 'host\n.example', is: String.raw`host\010.example` },
  { text: 'host\\\n.example', is: String.raw`host\010.example` },
  { text: '\u212aelvin.example', is: String.raw`\226\132\170elvin.example` },
  { text: '\u3002campus.example', is: String.raw`\227\128\130campus.example` },
  { text: '.', is: '' },
  { text: '', is: '' },
];

describe('normalizeDnsName', () => {
  for (const { text, is } of dnsNames) {
    it(`makes ${JSON.stringify(is)} of ${JSON.stringify(text)}`, () => {
      assert.equal(normalizeDnsName(text), is);
      assert.equal(normalizeDnsName(is), is);
    });
  }
});

describe('parseDomainName', () => {
  for (const { text, is } of names) {
    const about = text.length > 40 ? `${text.slice(0, 37)}... of ${text.length}` : JSON.stringify(text);
    it(`${is === undefined ? 'knows no name in' : 'reads'} ${about}`, () => assert.equal(parseDomainName(text), is));
  }
});

describe('canonicalDomain', () => {
  const spellings = ['bücher', 'BÜCHER', 'Bu\u0308cher', 'BU\u0308CHER', 'ｂüｃｈｅｒ', 'ＢÜＣＨＥＲ', 'bü\u00adcher'];
  for (const spelling of spellings) {
    it(`gives the A-label of ${spelling}`, () => {
      assert.equal(canonicalDomain(`${spelling}.example`), 'xn--bcher-kva.example');
      assert.equal(parseDomainName(`${spelling}.example`), 'xn--bcher-kva.example', 'as lists have it');
    });
  }

  it('leaves ASCII as it is but for its case, and gives nothing for what is no domain', () => {
    assert.equal(canonicalDomain('XN--BCHER-KVA.Example.'), 'xn--bcher-kva.example.');
    assert.equal(canonicalDomain('[IPv6:2001:DB8::25]'), '[ipv6:2001:db8::25]');
    assert.equal(canonicalDomain('büch％er.example'), '');
  });
});

describe('isPublicSuffix', () => {
  for (const suffix of ['jp', 'ac.jp', 'com', 'co.uk']) {
    it(`holds for ${suffix} and not for a name below it`, () => {
      assert.ok(isPublicSuffix(suffix));
      assert.ok(!isPublicSuffix(`waseda.${suffix}`));
    });
  }

  it('holds for no private registry and no name without a registry', () => {
    for (const name of ['github.io', 'localhost', 'example', 'campus.example']) {
      assert.ok(!isPublicSuffix(name), name);
    }
  });
});

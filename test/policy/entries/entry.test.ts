import assert from 'node:assert/strict';
import { formatEntry, isProblem, parseEntry, withRoute } from '../../../src/policy/entries/entry';

/** Each entry as it is printed again, with its kind in front. */
const sound: readonly { readonly text: string; readonly is: string }[] = [
  { text: '133', is: 'network 133.0.0.0/8' },
  { text: '133.9', is: 'network 133.9.0.0/16' },
  { text: '133.9.', is: 'network 133.9.0.0/16' },
  { text: '133.9.12', is: 'network 133.9.12.0/24' },
  { text: '133.9.12.', is: 'network 133.9.12.0/24' },
  { text: '133.9.12.7', is: 'network 133.9.12.7' },
  { text: '133.9.12.7/32', is: 'network 133.9.12.7' },
  { text: '133.9.0.0/16', is: 'network 133.9.0.0/16' },
  { text: '128.0.0.0/1', is: 'network 128.0.0.0/1' },
  { text: '0', is: 'network 0.0.0.0/8' },
  { text: '2001:db8::25', is: 'network 2001:db8::25' },
  { text: '2001:db8::/32', is: 'network 2001:db8::/32' },
  { text: '2001:DB8::25/128', is: 'network 2001:db8::25' },
  { text: '8000::/1', is: 'network 8000::/1' },
  { text: '::ffff:192.0.2.7', is: 'network 192.0.2.7' },
  { text: '::ffff:192.0.2.0/120', is: 'network 192.0.2.0/24' },
  { text: '::ffff:192.0.2.7/128', is: 'network 192.0.2.7' },
  { text: '::ffff:c000:200/120', is: 'network 192.0.2.0/24' },
  { text: '!133.9.66', is: 'network !133.9.66.0/24' },
  { text: 'waseda.ac.jp', is: 'domain waseda.ac.jp' },
  { text: 'WASEDA.ac.jp.', is: 'domain waseda.ac.jp' },
  { text: '=mail.example', is: 'domain =mail.example' },
  { text: '!guest.waseda.ac.jp', is: 'domain !guest.waseda.ac.jp' },
  { text: '!=guest.waseda.ac.jp', is: 'domain !=guest.waseda.ac.jp' },
  { text: 'bücher.example', is: 'domain xn--bcher-kva.example' },
  { text: 'localhost', is: 'domain localhost' },
  { text: 'User@Backup.example', is: 'mailbox user@backup.example' },
  { text: '"John.Smith"@backup.example', is: 'mailbox john.smith@backup.example' },
  { text: '"a@b"@backup.example', is: 'mailbox "a@b"@backup.example' },
  { text: '"!user"@backup.example', is: 'mailbox "!user"@backup.example' },
  { text: '!"!user"@backup.example', is: 'mailbox !"!user"@backup.example' },
  { text: '!user@backup.example', is: 'mailbox !user@backup.example' },
  { text: 'user@[192.0.2.25]', is: 'mailbox user@[192.0.2.25]' },
  { text: 'user@[ipv6:2001:DB8::25]', is: 'mailbox user@[IPv6:2001:db8::25]' },
  { text: 'user@[IPv6:::ffff:192.0.2.25]', is: 'mailbox user@[192.0.2.25]' },
];

const faulty: readonly {
  readonly text: string;
  readonly problem: string;
  readonly suggestion?: string;
  readonly detail?: string;
}[] = [
  { text: '!', problem: 'unexpected-text', detail: 'an entry after the !' },
  { text: '!!192.0.2.7', problem: 'domain-syntax' },
  { text: '192.0.2.7.', problem: 'address-syntax', suggestion: '192.0.2.7' },
  { text: '!192.0.2.7.', problem: 'address-syntax', suggestion: '!192.0.2.7' },
  { text: '192.0.2.7.9', problem: 'address-syntax' },
  { text: '192..2', problem: 'address-syntax' },
  { text: '/24', problem: 'address-syntax' },
  { text: '.', problem: 'address-syntax' },
  { text: '192.0.2.256', problem: 'address-octet-range' },
  { text: '3221225991', problem: 'address-octet-range' },
  { text: '192.0.02.7', problem: 'address-leading-zero', suggestion: '192.0.2.7' },
  { text: '010.0.0.0/8', problem: 'address-leading-zero', suggestion: '10.0.0.0/8' },
  { text: '010.100.0.1', problem: 'address-leading-zero', suggestion: '10.100.0.1' },
  { text: '!192.0.2.00', problem: 'address-leading-zero', suggestion: '!192.0.2.0' },
  { text: '0192.0.2.999', problem: 'address-leading-zero' },
  { text: '::ffff:192.0.2.07', problem: 'address-syntax' },
  { text: '[192.0.2.7]', problem: 'address-brackets', suggestion: '192.0.2.7' },
  { text: '[IPv6:2001:db8::7]', problem: 'address-brackets', suggestion: '2001:db8::7' },
  { text: '![2001:db8::]/32', problem: 'address-brackets', suggestion: '!2001:db8::/32' },
  { text: '[mail', problem: 'address-syntax' },
  { text: '[192.0.2.7]x', problem: 'address-syntax' },
  { text: '[192.0.2.0]/24x', problem: 'address-syntax' },
  { text: 'fe80::1%eth0', problem: 'address-zone', suggestion: 'fe80::1' },
  { text: 'fe80::%eth0/64', problem: 'address-zone', suggestion: 'fe80::/64' },
  { text: 'IPv6:2001:db8::7', problem: 'address-syntax', suggestion: '2001:db8::7' },
  { text: 'ipv6:IPv6:2001:db8::7', problem: 'address-syntax', suggestion: '2001:db8::7' },
  { text: '2001:ipv6:db8::7', problem: 'address-syntax' },
  { text: '2001:db8::g', problem: 'address-syntax' },
  { text: '/fe80::1%eth0', problem: 'address-syntax' },
  { text: '192.0.2.0/33', problem: 'prefix-length', detail: '1 to 32' },
  { text: '192.0.2.0/', problem: 'prefix-length', detail: '1 to 32' },
  { text: '192.0.2.0/024', problem: 'prefix-length', detail: '1 to 32' },
  { text: '192.0.2.0/255.255.255.0', problem: 'prefix-length', suggestion: '192.0.2.0/24', detail: '1 to 32' },
  { text: '!192.0.2.70/255.255.255.192', problem: 'prefix-length', suggestion: '!192.0.2.64/26', detail: '1 to 32' },
  { text: '192.0.2.0/255.255.0.255', problem: 'prefix-length', detail: '1 to 32' },
  { text: '192.0.2.0/0.0.0.255', problem: 'prefix-length', detail: '1 to 32' },
  { text: '192.0.2.7/255.255.255.255', problem: 'prefix-length', suggestion: '192.0.2.7/32', detail: '1 to 32' },
  { text: '2001:db8::/255.255.0.0', problem: 'prefix-length', detail: '1 to 128' },
  { text: '192.0.2.0/0.0.0.0', problem: 'prefix-length', detail: '1 to 32' },
  { text: '2001:db8::/ffff:ffff::', problem: 'prefix-length', suggestion: '2001:db8::/32', detail: '1 to 128' },
  { text: '192.0.2.0-192.0.2.63', problem: 'address-range', suggestion: '192.0.2.0/26' },
  { text: '192.0.2.7-192.0.2.7', problem: 'address-range', suggestion: '192.0.2.7' },
  { text: '192.0.2.7-192.0.2.10', problem: 'address-range', suggestion: '192.0.2.7, 192.0.2.8/31, 192.0.2.10' },
  { text: '!192.0.2.1-192.0.2.2', problem: 'address-range', suggestion: '!192.0.2.1, !192.0.2.2' },
  { text: '2001:db8::-2001:db8::ffff', problem: 'address-range', suggestion: '2001:db8::/112' },
  { text: '192.0.2.63-192.0.2.0', problem: 'address-range' },
  { text: '0.0.0.0-255.255.255.255', problem: 'prefix-everything' },
  { text: '::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', problem: 'prefix-everything' },
  { text: '192.0.2.0-2001:db8::', problem: 'address-syntax' },
  { text: '192.0.2.0-192.0.2.300', problem: 'domain-syntax' },
  { text: '2001:db8::/129', problem: 'prefix-length', detail: '1 to 128' },
  { text: '2001:db8::/-1', problem: 'prefix-length', detail: '1 to 128' },
  { text: '::ffff:0:0/95', problem: 'prefix-length', detail: '96 to 128' },
  { text: '::ffff:192.0.2.0/x120', problem: 'prefix-length', detail: '96 to 128' },
  { text: '::ffff:192.0.2.0/120x', problem: 'prefix-length', detail: '96 to 128' },
  { text: '::ffff:192.0.2.0/129', problem: 'prefix-length', detail: '96 to 128' },
  { text: '0.0.0.0/0', problem: 'prefix-everything' },
  { text: '192.0.2.0/0', problem: 'prefix-everything' },
  { text: '::/0', problem: 'prefix-everything' },
  { text: '::ffff:0:0/96', problem: 'prefix-everything' },
  { text: '192.0.2.9/24', problem: 'prefix-host-bits', suggestion: '192.0.2.0/24' },
  { text: '!133.9.1.0/16', problem: 'prefix-host-bits', suggestion: '!133.9.0.0/16' },
  { text: '2001:db8::1/32', problem: 'prefix-host-bits', suggestion: '2001:db8::/32' },
  { text: '::ffff:192.0.2.9/120', problem: 'prefix-host-bits', suggestion: '192.0.2.0/24' },
  { text: '133.9/16', problem: 'prefix-partial', suggestion: '133.9.0.0/16' },
  { text: '133.9.1/16', problem: 'prefix-partial' },
  { text: 'exa mple', problem: 'domain-syntax' },
  { text: 'example..org', problem: 'domain-syntax' },
  { text: 'example.org/24', problem: 'domain-syntax' },
  { text: '=', problem: 'domain-syntax' },
  { text: '=!example.org', problem: 'domain-syntax' },
  { text: '.example.org', problem: 'domain-leading-dot', suggestion: 'example.org' },
  { text: '!.example.org', problem: 'domain-leading-dot', suggestion: '!example.org' },
  { text: '*.example.org', problem: 'domain-wildcard', suggestion: 'example.org' },
  { text: '*.jp', problem: 'domain-wildcard' },
  { text: '*', problem: 'domain-syntax' },
  { text: 'jp', problem: 'domain-public-suffix' },
  { text: 'ac.jp', problem: 'domain-public-suffix' },
  { text: '=com', problem: 'domain-public-suffix' },
  { text: '!com.', problem: 'domain-public-suffix' },
  { text: '@example.org', problem: 'mailbox-syntax' },
  { text: 'user@', problem: 'mailbox-syntax' },
  { text: 'user@192.0.2.25', problem: 'mailbox-syntax' },
  { text: 'user@[192.0.2.025]', problem: 'mailbox-syntax' },
  { text: 'us..er@example.org', problem: 'mailbox-syntax' },
  { text: 'a@b@example.org', problem: 'mailbox-syntax' },
  { text: 'a'.repeat(4096), problem: 'domain-syntax' },
  { text: 'a'.repeat(4097), problem: 'unexpected-text', detail: 'one entry of at most 4096 characters' },
];

describe('parseEntry', () => {
  for (const { text, is } of sound) {
    it(`reads ${text}`, () => {
      const entry = parseEntry(text);
      assert.ok(!isProblem(entry), JSON.stringify(entry));
      assert.equal(`${entry.kind} ${formatEntry(entry)}`, is);
      assert.deepEqual(parseEntry(formatEntry(entry)), entry);
    });
  }

  for (const { text, ...problem } of faulty) {
    it(`says ${problem.problem} of ${text.slice(0, 80)}${problem.suggestion ? ` and offers ${problem.suggestion}` : ''}`, () => {
      assert.deepEqual(parseEntry(text), problem);
      for (const meant of problem.suggestion?.split(', ') ?? [])
        assert.ok(!isProblem(parseEntry(meant)), `${meant} is sound`);
    });
  }
});

describe('a range of addresses', () => {
  const suggestionFor = (text: string) => {
    const entry = parseEntry(text);
    return isProblem(entry) && entry.problem === 'address-range' ? entry.suggestion?.split(', ') : [];
  };

  it('has a suggestion of up to 62 networks, which every range of IPv4 is made of', () => {
    assert.equal(suggestionFor('0.0.0.1-255.255.255.254')?.length, 62);
    assert.equal(suggestionFor('2001:db8::1-2001:db8::7fff:fffe')?.length, 60);
    assert.equal(suggestionFor('2001:db8::1-2001:db8::ffff:fffe')?.length, 62);
    assert.equal(suggestionFor('2001:db8::1-2001:db8::1:ffff:fffe'), undefined);
  });

  it('is none where an address stands alone before or behind the hyphen', () => {
    for (const text of ['-192.0.2.7', '192.0.2.7-', '192.0.2.7-x', '192.0.2.7-8-9'])
      assert.deepEqual(suggestionFor(text), [], text);
  });
});

describe('withRoute', () => {
  const routed = (text: string, route: string) => {
    const entry = parseEntry(text);
    assert.ok(!isProblem(entry));
    const with_ = withRoute(entry, route);
    return isProblem(with_) ? with_.problem : formatEntry(with_);
  };

  it('adds a next hop that is printed behind the domain or mailbox, and takes none for anything else', () => {
    assert.equal(routed('backup.example', '[10.0.0.5]:2525'), 'backup.example  [10.0.0.5]:2525');
    assert.equal(routed('=backup.example', 'MX.inner.example:25'), '=backup.example  mx.inner.example');
    assert.equal(routed('user@backup.example', '10.0.0.5:2525'), 'user@backup.example  [10.0.0.5]:2525');
    assert.equal(routed('backup.example', 'mx..inner'), 'route-syntax');
    for (const other of ['!backup.example', '!user@backup.example', '192.0.2.25']) {
      assert.equal(routed(other, 'mx.inner.example'), 'route-not-here', other);
    }
  });
});

describe('parseEntry, of a line that goes on and on', () => {
  for (const sign of ['.', '*.', 'ipv6:', 'IPv6:*.', '!', '=', '[', '%', '0', '@', ':', '/', '"', '\\']) {
    it(`finds a problem in ${sign} said 50,000 times`, () => {
      for (const tail of ['', 'example.org', '2001:db8::7']) {
        const parsed = parseEntry(sign.repeat(50_000) + tail);
        assert.ok(isProblem(parsed) && (parsed.suggestion ?? '').length < 100);
      }
    });
  }
});

/** `mx:` entries: what is read, and what of a list they are found by. */
import assert from 'node:assert/strict';
import { isProblem } from '../../../src/policy/entries/entry';
import { Line } from '../../../src/policy/entries/lines';
import { type ListKind, parseList, parseListLine } from '../../../src/policy/entries/list';
import { address, listOf, now, shown } from '../../../testkit/core';

const lines: readonly (readonly [string, string])[] = [
  ['mx:192.0.2.25', '192.0.2.25/32'],
  ['mx:133.9.4', '133.9.4.0/24'],
  ['!mx:133.9.4.0/25', '!133.9.4.0/25'],
  ['MX:2001:db8::/32', '2001:db8::/32'],
  ['mx:2001:db8::25 until=2036-01-01', '2001:db8::25/128'],
  ['mx:192.0.2.9/24', 'prefix-host-bits: mx:192.0.2.0/24'],
  ['!mx:192.0.2.9/24', 'prefix-host-bits: !mx:192.0.2.0/24'],
  ['mx:[192.0.2.9]', 'address-brackets: mx:192.0.2.9'],
  ['mx:192.0.2.0-192.0.2.63', 'address-range: mx:192.0.2.0/26'],
  ['mx:0.0.0.0/0', 'prefix-everything'],
  ['mx:', 'mx-network'],
  ['!mx:', 'mx-network'],
  ['mx:partner.example', 'mx-network'],
  ['mx:user@partner.example', 'mx-network'],
  ['=mx:192.0.2.25', 'address-syntax'],
  ['mx:192.0.2.25 mx.inner.example', 'route-not-here'],
  ['mx:192.0.2.25 from=dept.example', 'attribute-not-here'],
  ['mx:192.0.2.0 255.255.255.0', 'route-not-here'],
];

describe('mx: entries', () => {
  for (const [line, says] of lines) {
    it(`read ${line} as ${says}`, () => {
      const read = parseListLine('relay_to', Line.of(line));
      if (isProblem(read)) return assert.equal([read.problem, read.suggestion].filter(Boolean).join(': '), says);
      assert.equal(read.kind, 'exchange');
      const { data } = parseList('relay_to', 'relay.to', line);
      assert.ok(data?.exchanges);
      const network = says.replace('!', '').split('/')[0] as string;
      assert.equal(
        shown(listOf('relay_to', line).findExchange(address(network), now)),
        `${says.startsWith('!') ? '-' : '+'}1`,
      );
    });
  }

  for (const kind of ['local_ip', 'local_domain', 'hosts'] satisfies ListKind[]) {
    it(`are not for ${kind}`, () => {
      const read = parseListLine(kind, Line.of('mx:192.0.2.0/24'));
      assert.equal(isProblem(read) && read.problem, 'mx-not-here');
    });
  }

  it('admit neither a literal of their networks nor any domain', () => {
    assert.equal(listOf('relay_to', 'backup.example').findExchange(address('192.0.2.25'), now), undefined);
    const list = listOf('relay_to', 'mx:192.0.2.0/24', 'backup.example');
    assert.equal(list.findRecipient({ localPart: 'a', domain: '[192.0.2.25]' }, now), undefined);
    assert.equal(list.findAddress(address('192.0.2.25'), now), undefined);
    assert.deepEqual([list.size, list.hasExchanges, list.holdsEntries(now)], [2, true, true]);
    assert.equal(listOf('relay_to', 'backup.example').hasExchanges, false);
  });

  it('decide by the most specific, and contradict each other where they are the same', () => {
    const list = listOf('relay_to', 'mx:192.0.2.0/24', '!mx:192.0.2.64/26', 'mx:192.0.2.66 until=2036-01-01');
    const at = (text: string) => shown(list.findExchange(address(text), now));
    assert.deepEqual(['192.0.2.1', '192.0.2.65', '192.0.2.66', '192.0.3.1'].map(at), ['+1', '-2', '+3', undefined]);
    const { findings } = parseList('relay_to', 'relay.to', 'mx:192.0.2.7\n!mx:192.0.2.7\n192.0.2.7\n');
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['contradiction'],
    );
  });
});

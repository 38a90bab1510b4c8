/** Attributes in lists and in relay.map: what is read, and what of a list exists at a time. */
import assert from 'node:assert/strict';
import { describeAttributes } from '../../../src/policy/attributes/attributes';
import { ExtrasTable, ExtrasTableBuilder } from '../../../src/policy/attributes/extras';
import { SenderScope } from '../../../src/policy/attributes/sender-scope';
import { isProblem } from '../../../src/policy/entries/entry';
import { Line } from '../../../src/policy/entries/lines';
import { type ListKind, parseList, parseListLine } from '../../../src/policy/entries/list';
import { parseMapLine } from '../../../src/policy/entries/map-line';
import { parseRelayMap } from '../../../src/policy/entries/relay-map';
import { describeFault } from '../../../src/policy/findings/finding-text';
import { type Ends, hasEnded } from '../../../src/policy/tables/ends';
import { address, listOf, mapOf, recipient, shown } from '../../../testkit/core';

const end = Date.UTC(2026, 11, 31, 18);
const ending = 'until=2026-12-31T18:00Z';

interface LineCase {
  readonly kind: ListKind | 'relay_map';
  readonly line: string;
  readonly says: string;
}

const lines: readonly LineCase[] = [
  { kind: 'local_ip', line: '192.0.2.7 from=dept.example', says: 'from=dept.example' },
  {
    kind: 'local_ip',
    line: `192.0.2.7\t${ending}  from=dept.example,<>  # until=x`,
    says: 'from=dept.example,<> until',
  },
  { kind: 'local_ip', line: `!192.0.2.7 ${ending}`, says: 'until' },
  { kind: 'local_domain', line: `=pc.campus.example from==lab.example ${ending}`, says: 'from==lab.example until' },
  { kind: 'hosts', line: `spam.example ${ending} ; feed`, says: 'until' },
  { kind: 'relay_to', line: `backup.example [192.0.2.5]:2525 ${ending}`, says: 'until to 192.0.2.5' },
  { kind: 'relay_to', line: `backup.example ${ending} mx.inner.example`, says: 'until to mx.inner.example' },
  { kind: 'relay_to', line: `user@backup.example ${ending}`, says: 'until' },
  { kind: 'local_ip', line: '192.0.2.7 FROM=dept.example', says: 'attribute-unknown: from=dept.example' },
  { kind: 'local_ip', line: '192.0.2.7 limit=200/1h', says: 'limit=200/1h' },
  { kind: 'local_ip', line: '192.0.2.0/24 limit=5000/24h,all limit=90/90m', says: 'limit=90/90m limit=5000/1d,all' },
  { kind: 'local_domain', line: 'campus.example limit=1/31d from=<>', says: 'from=<> limit=1/31d' },
  { kind: 'local_ip', line: '192.0.2.7 limits=200/1h', says: 'attribute-unknown: limit=200/1h' },
  { kind: 'local_ip', line: '192.0.2.7 limit=200/1h limit=300/1d', says: 'attribute-twice' },
  { kind: 'local_ip', line: '192.0.2.7 limit=200/1h,all limit=300/1d,all', says: 'attribute-twice' },
  ...['0/1h', '200', '200/h', '200/1w', '200/0h', '200/32d', '2e3/1h', '-1/1h', '200/1h,each', '200/1H', ''].map(
    (value): LineCase => ({ kind: 'local_ip', line: `192.0.2.7 limit=${value}`, says: 'attribute-value' }),
  ),
  { kind: 'local_ip', line: '!192.0.2.7 limit=200/1h', says: 'attribute-not-here' },
  { kind: 'relay_to', line: 'backup.example limit=200/1h', says: 'attribute-not-here' },
  { kind: 'hosts', line: 'spam.example limit=200/1h', says: 'attribute-not-here' },
  { kind: 'relay_map', line: 'Connect:192.0.2.7 RELAY limit=200/1h', says: 'attribute-not-here' },
  { kind: 'local_ip', line: '192.0.2.7 from=', says: 'attribute-value' },
  { kind: 'local_ip', line: '192.0.2.7 from=dept.example, lab.example', says: 'unexpected-text' },
  { kind: 'local_ip', line: '192.0.2.7 from = dept.example', says: 'unexpected-text' },
  { kind: 'local_ip', line: '!192.0.2.7 from=dept.example', says: 'attribute-not-here' },
  { kind: 'relay_to', line: 'backup.example from=dept.example', says: 'attribute-not-here' },
  { kind: 'hosts', line: 'spam.example from=dept.example', says: 'attribute-not-here' },
  { kind: 'local_ip', line: `192.0.2.7 ${ending} ${ending}`, says: 'attribute-twice' },
  { kind: 'relay_to', line: `backup.example ${ending} [192.0.2.5] [192.0.2.6]`, says: 'route-syntax' },
  { kind: 'local_ip', line: `192.0.2.0-192.0.2.63 ${ending}`, says: 'address-range: 192.0.2.0/26' },
  { kind: 'local_ip', line: `192.0.2.0 - 192.0.2.63 ${ending}`, says: 'address-range: 192.0.2.0/26' },
  { kind: 'local_ip', line: ending, says: 'address-syntax' },
  { kind: 'relay_map', line: `Connect:192.0.2.7 RELAY ${ending}`, says: 'relay until' },
  { kind: 'relay_map', line: `a.example DISCARD\t${ending}  # note`, says: 'discard until' },
  { kind: 'relay_map', line: `To:a.example 450 Come back  later ${ending}`, says: '450 Come back  later until' },
  { kind: 'relay_map', line: `To:a.example ERROR:5.7.1:"550 No" ${ending}`, says: '550 No until' },
  { kind: 'relay_map', line: 'To:a.example "550 say until=then"', says: 'map-value-unknown' },
  { kind: 'relay_map', line: 'To:a.example 550 "say until=then"', says: '550 say until=then' },
  { kind: 'relay_map', line: 'To:a.example 550 say until=then', says: 'attribute-value' },
  { kind: 'relay_map', line: 'To:a.example 550 see from=here', says: '550 see from=here' },
  { kind: 'relay_map', line: 'Connect:192.0.2.7 RELAY from=dept.example', says: 'attribute-not-here' },
  { kind: 'relay_map', line: `To:a.example ${ending} RELAY`, says: 'map-value-unknown' },
  { kind: 'relay_map', line: `To:a.example ${ending}`, says: 'map-value-missing' },
  { kind: 'relay_map', line: `To:a.example RELAY ${ending} ${ending}`, says: 'attribute-twice' },
  { kind: 'relay_map', line: `To:a.example REJECT   ${ending}`, says: '550 Access denied until' },
  { kind: 'relay_map', line: 'To:a.example 550 No xuntil=2036-01-01', says: '550 No xuntil=2036-01-01' },
  { kind: 'relay_map', line: 'To:a.example RELAY .from=b.example', says: 'map-value-unknown' },
  { kind: 'local_ip', line: '192.0.2.7 from=a.example limit=5/1h', says: 'from=a.example limit=5/1h' },
  { kind: 'local_ip', line: `192.0.2.7 x${ending}`, says: 'attribute-unknown: until=2026-12-31T18:00Z' },
  { kind: 'local_ip', line: '192.0.2.7 until=x2026-12-31', says: 'attribute-value' },
];

/** The first line of a text, without its comment. */
function lineOf(text: string): Line {
  return Line.of(text.replace(/[ \t]+[#;].*$/, ''));
}

describe('attributes', () => {
  for (const { kind, line, says } of lines) {
    it(`of ${line} in ${kind}: ${says}`, () => {
      const read = kind === 'relay_map' ? parseMapLine(lineOf(line)) : parseListLine(kind, lineOf(line));
      if (isProblem(read)) {
        assert.equal([read.problem, read.suggestion].filter(Boolean).join(': '), says);
        return;
      }
      const { attributes = {} } = read;
      if (attributes.until !== undefined) assert.equal(attributes.until, end);
      const value =
        'value' in read
          ? read.value.action === 'reply'
            ? `${read.value.reply.code} ${read.value.reply.text}`
            : read.value.action
          : '';
      const route = 'route' in read && read.route ? `to ${read.route.host}` : '';
      const words = [value, describeAttributes(attributes).replace(/until=.*/, 'until'), route];
      assert.equal(words.filter((word) => word !== '').join(' '), says);
    });
  }

  it('say in a finding where they are not possible, and how they are written', () => {
    const fault = (kind: ListKind | 'relay_map', line: string) => {
      const parsed = kind === 'relay_map' ? parseRelayMap('file', line) : parseList(kind, 'file', line);
      return parsed.findings.map((finding) => describeFault(finding)).join();
    };
    assert.match(fault('local_ip', '!192.0.2.7 from=a.example'), /from= behind an exclusion/);
    assert.match(fault('hosts', '192.0.2.7 from=a.example'), /from= in this list/);
    assert.match(fault('relay_map', 'To:a.example RELAY limit=5/1h'), /limit= in relay\.map/);
    assert.match(fault('local_ip', '192.0.2.7 from=jp'), /domains with commas between: from=dept\.example/);
    assert.match(fault('local_ip', '192.0.2.7 limit=5'), /a number of recipients for a period of at most 31d/);
    assert.match(fault('local_ip', '192.0.2.7 until=x'), /a time that exists: until=2026-12-31/);
  });

  it('are known of a list as a whole: whether any entry has an end, a scope or a limit', () => {
    const kinds = (...entries: readonly string[]) => {
      const list = listOf('local_ip', ...entries);
      return [list.hasEnds, list.hasScopes, list.hasLimits];
    };
    assert.deepEqual(kinds('192.0.2.7'), [false, false, false]);
    assert.deepEqual(kinds(`192.0.2.7 ${ending}`, '192.0.2.8'), [true, false, false]);
    assert.deepEqual(kinds('192.0.2.7 from=<>', '192.0.2.8'), [false, true, false]);
    assert.deepEqual(kinds('192.0.2.7 limit=5/1h', '192.0.2.8 from=<>'), [false, true, true]);
    assert.deepEqual(kinds('192.0.2.8 from=<>', '192.0.2.7 limit=5/1h'), [false, true, true]);
    assert.equal(mapOf('To:a.example RELAY').hasEnds, false);
    assert.equal(mapOf(`a.example RELAY ${ending}`).hasEnds, true);
  });

  it('of a found entry are those that it has', () => {
    const list = listOf('local_ip', '192.0.2.7 limit=5/1h', '192.0.2.8 from=<>', '192.0.2.9 until=2036-01-01');
    const keys = [7, 8, 9].map((octet) => Object.keys(list.findAddress(address(`192.0.2.${octet}`), 0) ?? {}).sort());
    assert.deepEqual(keys, [
      ['excluded', 'limits', 'source'],
      ['excluded', 'scope', 'source'],
      ['excluded', 'source'],
    ]);
  });

  it('that two lines of one thing have in two ways contradict each other', () => {
    const fault = (kind: ListKind, text: string) => {
      const [finding] = parseList(kind, 'file', text).findings;
      return finding && describeFault(finding);
    };
    assert.match(fault('local_ip', '192.0.2.7 from=a.example\n192.0.2.7 from=b.example') ?? '', /than line 1/);
    assert.match(fault('local_domain', `a.example\na.example ${ending}`) ?? '', /than line 1/);
    assert.equal(
      fault('local_ip', '192.0.2.7 from=a.example,b.example\n192.0.2.7 from=b.example,a.example'),
      undefined,
    );
  });

  it('of a tagged key that ends contradict the key without tag, which would have to follow it', () => {
    const faults = (text: string) => parseRelayMap('relay.map', text).findings.map(({ code }) => code);
    assert.deepEqual(faults(`Connect:192.0.2.7 550 no ${ending}\n192.0.2.7 RELAY`), ['contradiction']);
    assert.deepEqual(faults(`Connect:192.0.2.7 550 no\n192.0.2.7 RELAY ${ending}`), []);
    assert.deepEqual(faults('Connect:192.0.2.7 550 no\n192.0.2.7 RELAY'), []);
  });
});

describe('an entry that has ended', () => {
  const [before, after] = [end - 1, end];

  it('is passed over for the next wider network, whatever its sign', () => {
    const list = listOf(
      'local_ip',
      '192.0.2',
      `192.0.2.64/26 ${ending}`,
      `!192.0.2.64/27 ${ending}`,
      '192.0.2.65',
      `10.0.0.1 ${ending}`,
    );
    const found = (time: number) =>
      ['192.0.2.64', '192.0.2.65', '192.0.2.100', '10.0.0.1'].map((client) =>
        shown(list.findAddress(address(client), time)),
      );
    assert.deepEqual(found(before), ['-3', '+4', '+2', '+5']);
    assert.deepEqual(found(after), ['+1', '+4', '+1', undefined]);
  });

  it('is passed over for the parent of a name, an exact name for its domain', () => {
    const list = listOf(
      'local_domain',
      'example.org',
      `a.example.org ${ending}`,
      `=b.a.example.org ${ending}`,
      `!c.a.example.org ${ending}`,
    );
    const found = (time: number) =>
      ['b.a.example.org', 'c.a.example.org', 'a.example.org.'].map((name) => shown(list.findDomain(name, time)));
    assert.deepEqual(found(before), ['+3', '-4', '+2']);
    assert.deepEqual(found(after), ['+1', '+1', '+1']);
  });

  it('is passed over for the domain of a mailbox, and its next hop with it', () => {
    const list = listOf(
      'relay_to',
      'backup.example mx.inner.example',
      `!u@backup.example ${ending}`,
      `v@backup.example [192.0.2.5] ${ending}`,
    );
    const found = (time: number) =>
      ['u@backup.example', 'v@backup.example'].map((to) => {
        const entry = list.findRecipient(recipient(to), time);
        return `${shown(entry)} ${entry?.route?.host}`;
      });
    assert.deepEqual(found(before), ['-2 undefined', '+3 192.0.2.5']);
    assert.deepEqual(found(after), ['+1 mx.inner.example', '+1 mx.inner.example']);
  });

  it('is passed over in relay.map', () => {
    const map = mapOf('To:a.example RELAY', `To:b.a.example 550 no ${ending}`, `Connect:192.0.2.7 RELAY ${ending}`);
    const found = (time: number) => [
      map.findRecipient(recipient('u@b.a.example'), time)?.source.line,
      map.findClientAddress(address('192.0.2.7'), time)?.source.line,
    ];
    assert.deepEqual(found(before), [2, 3]);
    assert.deepEqual(found(after), [1, undefined]);
  });

  it('counts for no question about the list', () => {
    const holds = (...lines: string[]) => {
      const list = listOf('hosts', ...lines);
      return [before, after].map((time) => [list.holdsEntries(time), list.holdsNames(time)].join());
    };
    assert.deepEqual(holds(), ['false,false', 'false,false']);
    assert.deepEqual(holds('192.0.2.7', `a.example ${ending}`), ['true,true', 'true,false']);
    assert.deepEqual(holds(`192.0.2.7 ${ending}`, `=A.example ${ending}`), ['true,true', 'false,false']);
    assert.deepEqual(holds(`192.0.2.7 ${ending}`, '=a.example'), ['true,true', 'true,true']);
    const names = (...lines: string[]) => {
      const map = mapOf(...lines);
      return [before, after].map((time) =>
        [map.holdsEntries(time), map.usesClientNames(time), map.relaysByName(time)].join(),
      );
    };
    assert.deepEqual(names(`Connect:a.example RELAY ${ending}`), ['true,true,true', 'false,false,false']);
    assert.deepEqual(names(`Connect:a.example RELAY ${ending}`, 'b.example 550 no'), [
      'true,true,true',
      'true,true,false',
    ]);
    assert.deepEqual(names(`Connect:a.example 550 no ${ending}`, 'To:b.example RELAY'), [
      'true,true,false',
      'true,false,false',
    ]);
  });
});

describe('ExtrasTableBuilder', () => {
  it('numbers extras from 1, the same extras by the same number', () => {
    const route = { host: '10.0.0.5', port: 2525 };
    const [one, two] = [SenderScope.parse('a.example'), SenderScope.parse('b.example')] as [SenderScope, SenderScope];
    const all = [
      { route },
      { until: end },
      { from: one },
      { route, until: end },
      { from: two, until: end },
      { from: one },
    ];
    const builder = new ExtrasTableBuilder();
    assert.deepEqual(
      [{}, ...all, { from: SenderScope.parse('a.example') as SenderScope }].map((extras) => builder.numberOf(extras)),
      [0, 1, 2, 3, 4, 5, 3, 3],
    );
    const table = new ExtrasTable(builder.build());
    const shownAt = (number: number) => {
      const route = table.routeAt(number);
      const from = table.boundsAt(number).from?.text;
      return {
        ...(route && { route }),
        ...(from !== undefined && { from }),
        ends: hasEnded(table.ends as Ends, number, end),
      };
    };
    assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map(shownAt), [
      { ends: false },
      { route, ends: false },
      { ends: true },
      { from: 'a.example', ends: false },
      { route, ends: true },
      { from: 'b.example', ends: true },
      { ends: false },
    ]);
    assert.equal(table.boundsAt(3), table.boundsAt(3));
    assert.deepEqual([table.hasScopes, table.ends !== undefined], [true, true]);
  });

  it('has no room for what no entry has', () => {
    const builder = new ExtrasTableBuilder();
    builder.numberOf({ route: { host: '10.0.0.5', port: 25 } });
    const data = builder.build();
    assert.deepEqual([data.ends.length, data.boundsNumbers.length], [0, 0]);
    assert.deepEqual([new ExtrasTable(data).hasScopes, new ExtrasTable(data).ends], [false, undefined]);
  });
});

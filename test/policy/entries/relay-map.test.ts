import assert from 'node:assert/strict';
import { formatReply } from '../../../src/policy/decision';
import { parseRelayMap } from '../../../src/policy/entries/relay-map';
import { address, mapOf, now, recipient } from '../../../testkit/core';

const shownEntry = (entry: ReturnType<ReturnType<typeof mapOf>['findClientName']>) =>
  entry &&
  `${entry.source.line} ${entry.value.action === 'reply' ? formatReply(entry.value.reply) : entry.value.action}`;

interface LookUpCase {
  readonly name: string;
  readonly map: readonly string[];
  /** `line value`, or nothing. */
  readonly to?: Readonly<Record<string, string | undefined>>;
  readonly address?: Readonly<Record<string, string | undefined>>;
  readonly host?: Readonly<Record<string, string | undefined>>;
}

const lookUps: readonly LookUpCase[] = [
  { name: 'finds nothing in an empty map', map: ['# nothing'], to: { 'a@b.example': undefined } },
  {
    name: 'keeps clients and recipients apart by their tags',
    map: ['Connect:partner.example RELAY', 'To:backup.example RELAY', 'Connect:192.0.2 RELAY', 'To:198.51.100 RELAY'],
    to: {
      'a@backup.example': '2 relay',
      'a@sub.backup.example': '2 relay',
      'a@partner.example': undefined,
      'a@[198.51.100.7]': '4 relay',
      'a@[192.0.2.7]': undefined,
    },
    address: { '192.0.2.7': '3 relay', '192.0.3.7': undefined, '198.51.100.7': undefined },
    host: { 'mx.partner.example': '1 relay', 'backup.example': undefined },
  },
  {
    name: 'lets a key without a tag speak of both',
    map: ['both.example RELAY', '192.0.2 RELAY', 'IPv6:2001:db8::/32 RELAY'],
    to: { 'a@both.example': '1 relay', 'a@[192.0.2.7]': '2 relay', 'a@[IPv6:2001:db8::7]': '3 relay' },
    address: { '192.0.2.7': '2 relay', '2001:db8::7': '3 relay' },
    host: { 'mx.both.example': '1 relay' },
  },
  {
    name: 'reads a ; after a blank as a comment, except in the text of a reply',
    map: [
      '; clients',
      'Connect:192.0.2.7 RELAY ; the old gateway',
      'To:a.example REJECT\t; since May',
      'To:b.example \t 550 No ; go away # since June',
      'To:c.example ERROR:5.1.1:550 Moved ; see example.org',
      'To:d.example 450 ; later',
    ],
    to: {
      'u@a.example': '3 550 5.7.1 Access denied',
      'u@b.example': '4 550 5.7.1 No ; go away',
      'u@c.example': '5 550 5.1.1 Moved ; see example.org',
      'u@d.example': '6 450 4.7.1 ; later',
    },
    address: { '192.0.2.7': '2 relay' },
  },
  {
    name: 'puts a tagged key before the same key without, wherever it stands',
    map: ['a.example RELAY', 'To:a.example REJECT', 'Connect:192.0.2.0/24 REJECT', '192.0.2 RELAY'],
    to: { 'u@a.example': '2 550 5.7.1 Access denied', 'u@[192.0.2.7]': '4 relay' },
    address: { '192.0.2.7': '3 550 5.7.1 Access denied' },
    host: { 'a.example': '1 relay' },
  },
  {
    name: 'puts a more specific key before a tagged one',
    map: ['To:a.example RELAY', 'sub.a.example REJECT', 'Connect:192.0.2.0/24 RELAY', '192.0.2.7 REJECT'],
    to: { 'u@a.example': '1 relay', 'u@x.sub.a.example': '2 550 5.7.1 Access denied' },
    address: { '192.0.2.6': '3 relay', '192.0.2.7': '4 550 5.7.1 Access denied' },
  },
  {
    name: 'asks for the mailbox, then the user, then the domain',
    map: [
      'To:a.example RELAY',
      'To:spam@ REJECT',
      'To:spam@a.example RELAY',
      'abuse@ OK',
      'To:sales@a.example 450 Later',
    ],
    to: {
      'spam@a.example': '3 relay',
      'SPAM@b.example': '2 550 5.7.1 Access denied',
      '"spam"@b.example': '2 550 5.7.1 Access denied',
      'abuse@a.example': '4 none',
      'sales@a.example': '5 450 4.7.1 Later',
      'other@a.example': '1 relay',
      'other@b.example': undefined,
    },
  },
  {
    name: 'finds a mailbox where no user is listed',
    map: ['To:spam@a.example REJECT'],
    to: { 'spam@a.example': '1 550 5.7.1 Access denied', 'spam@b.example': undefined },
  },
  {
    name: 'finds a user where no mailbox is listed',
    map: ['To:spam@ REJECT'],
    to: { 'spam@a.example': '1 550 5.7.1 Access denied', 'ham@a.example': undefined },
  },
  {
    name: 'finds a mailbox at an address literal, however it is written',
    map: ['To:user@[IPv6:2001:DB8::25] RELAY', 'To:user@[192.0.2.25] RELAY'],
    to: {
      'user@[IPv6:2001:db8:0::25]': '1 relay',
      'user@[IPv6:2001:db8::26]': undefined,
      'user@[IPv6:::ffff:192.0.2.25]': '2 relay',
    },
  },
  {
    name: 'takes a local part that cannot be for no user, whatever it is called',
    map: ['undefined@a.example RELAY', 'undefined@ REJECT'],
    to: { 'undefined@a.example': '1 relay', 'a b@a.example': undefined, '.a@b.example': undefined },
  },
  {
    name: 'takes any number of blanks and tabs before a value',
    map: ['To:a.example   RELAY', 'To:b.example\t \tREJECT'],
    to: { 'u@a.example': '1 relay', 'u@b.example': '2 550 5.7.1 Access denied' },
  },
  {
    name: 'never finds a mailbox or user key for a client',
    map: ['user@a.example RELAY', 'user@ REJECT'],
    host: { 'a.example': undefined, 'user@a.example': undefined },
  },
  {
    name: 'ends the search at SKIP and OK',
    map: ['To:a.example RELAY', 'To:sub.a.example SKIP', 'To:ok.a.example OK'],
    to: { 'u@sub.a.example': '2 none', 'u@ok.a.example': '3 none', 'u@a.example': '1 relay' },
  },
  {
    name: 'takes keys and values without case',
    map: ['cOnNeCt:PARTNER.example Relay', 'TO:A.Example discard', 'to:B.example error:5.1.1:550 No such user'],
    to: { 'u@a.example': '2 discard', 'u@b.example': '3 550 5.1.1 No such user' },
    host: { 'partner.example': '1 relay' },
  },
  {
    name: 'reads an address of hexadecimal letters as an address, not as a tag',
    map: ['dead:beef::1 RELAY', 'Connect:face:b00c::/32 RELAY'],
    address: { 'dead:beef::1': '1 relay', 'face:b00c::9': '2 relay' },
  },
];

describe('RelayMap', () => {
  for (const { name, map, to = {}, address: addresses = {}, host = {} } of lookUps) {
    it(name, () => {
      const parsed = mapOf(...map);
      for (const [text, found] of Object.entries(to)) {
        assert.equal(shownEntry(parsed.findRecipient(recipient(text), now)), found, `To: ${text}`);
      }
      for (const [text, found] of Object.entries(addresses)) {
        assert.equal(shownEntry(parsed.findClientAddress(address(text), now)), found, `Connect: ${text}`);
      }
      for (const [text, found] of Object.entries(host)) {
        assert.equal(shownEntry(parsed.findClientName(text, now)), found, `Connect: ${text}`);
      }
    });
  }

  it('counts what it can be asked for, on each side, and goes by the name of its file', () => {
    const sizes: readonly (readonly [number, ...string[]])[] = [
      [0, '# nothing'],
      [1, 'Connect:192.0.2 RELAY'],
      [1, 'Connect:2001:db8::/32 RELAY'],
      [1, 'To:192.0.2.25 RELAY'],
      [1, 'user@a.example RELAY'],
      [1, 'user@ REJECT'],
      [2, 'a.example RELAY'],
      [2, '192.0.2 RELAY'],
      [5, 'To:192.0.2.25 RELAY', 'To:2001:db8::25 RELAY', 'To:a.example RELAY', 'u@a.example OK', 'u@ REJECT'],
    ];
    for (const [size, ...lines] of sizes) assert.equal(mapOf(...lines).size, size, lines.join(', '));
    assert.equal(mapOf().file, 'relay.map');
  });

  it('knows whether a name could decide, and whether it could earn', () => {
    const of = (...lines: string[]) => {
      const map = mapOf(...lines);
      return [map.usesClientNames(now), map.relaysByName(now)];
    };
    assert.deepEqual(of('Connect:192.0.2 RELAY', 'To:a.example RELAY'), [false, false]);
    assert.deepEqual(of('Connect:a.example REJECT'), [true, false]);
    assert.deepEqual(of('Connect:a.example RELAY'), [true, true]);
    assert.deepEqual(of('a.example RELAY'), [true, true]);
  });
});

const replies: readonly { readonly value: string; readonly is?: string }[] = [
  { value: 'REJECT', is: '550 5.7.1 Access denied' },
  { value: 'ERROR:5.1.1:550 No such user', is: '550 5.1.1 No such user' },
  { value: 'ERROR:4.7.1:450 Come again', is: '450 4.7.1 Come again' },
  { value: 'ERROR:550 No', is: '550 5.7.1 No' },
  { value: 'ERROR:"550 No thanks"', is: '550 5.7.1 No thanks' },
  { value: 'ERROR:5.7.1:"550 No thanks"', is: '550 5.7.1 No thanks' },
  { value: 'ERROR:4.7.1:450 "Come later"', is: '450 4.7.1 Come later' },
  { value: 'ERROR:5.7.1: "550 No thanks"', is: '550 5.7.1 No thanks' },
  { value: '550 " No thanks "', is: '550 5.7.1 No thanks' },
  { value: '550\t\tNo', is: '550 5.7.1 No' },
  { value: '550 5.1.1 "No such user"', is: '550 5.1.1 No such user' },
  { value: 'ERROR:5.7.1:"550 Say "please""', is: '550 5.7.1 Say "please"' },
  { value: '550 Not "550 No"', is: '550 5.7.1 Not "550 No"' },
  { value: '550 "No" means "no"', is: '550 5.7.1 "No" means "no"' },
  { value: '550 No thanks', is: '550 5.7.1 No thanks' },
  { value: '550 N', is: '550 5.7.1 N' },
  { value: `450 ${'x'.repeat(500)}`, is: `450 4.7.1 ${'x'.repeat(500)}` },
  { value: '450 Later', is: '450 4.7.1 Later' },
  { value: 'ERROR:5.123.456:550 No', is: '550 5.123.456 No' },
  { value: '550 5.123.456 No', is: '550 5.123.456 No' },
  { value: 'ERROR:5.1.2: 550  No', is: '550 5.1.2 No' },
  { value: '550  5.1.2  No', is: '550 5.1.2 No' },
  { value: '500 No', is: '500 5.7.1 No' },
  { value: '550 5.1.1 No such user', is: '550 5.1.1 No such user' },
  { value: '551 User not local; try <u@b.example>', is: '551 5.7.1 User not local; try <u@b.example>' },
  { value: 'ERROR:5.1.1:450 No' },
  { value: 'ERROR:4.1.1:550 No' },
  { value: '550 4.1.1 No' },
  { value: '250 Fine' },
  { value: '354 Go' },
  { value: '550' },
  { value: 'ERROR:5.1.1:550' },
  { value: 'ERROR:' },
  { value: 'ERROR:No thanks' },
  { value: 'ERROR:5.7.1:"550 No thanks' },
  { value: 'ERROR:5.7.1:"550 No" thanks' },
  { value: 'ERROR:5.7.1:550 ""' },
  { value: 'ERROR:No 550 thanks' },
  { value: '550 Né pas' },
  { value: '550 Non, né' },
];

describe('replies of relay.map', () => {
  for (const { value, is } of replies) {
    it(`${is ? `reads ${is.slice(0, 80)} from` : 'finds no reply in'} ${value.slice(0, 80)}`, () => {
      const { data, findings } = parseRelayMap('relay.map', `To:a.example ${value}`);
      if (is)
        assert.equal(
          shownEntry(mapOf(`To:a.example ${value}`).findRecipient(recipient('u@a.example'), now)),
          `1 ${is}`,
        );
      else {
        assert.deepEqual(
          findings.map(({ code }) => code),
          ['map-reply-syntax'],
        );
        assert.equal(data, undefined);
      }
    });
  }
});

const faults: readonly { readonly line: string; readonly code: string; readonly detail?: string }[] = [
  { line: 'From:user@a.example RELAY', code: 'map-from-relay' },
  { line: 'fRoM:a.example relay', code: 'map-from-relay' },
  { line: 'From:a.example NORELAY', code: 'map-tag-unknown', detail: 'From' },
  { line: 'From:a.example RELAY now', code: 'map-tag-unknown', detail: 'From' },
  { line: 'X-From:a.example RELAY', code: 'address-syntax' },
  { line: 'From:a.example OK', code: 'map-tag-unknown', detail: 'From' },
  { line: 'Spam:a.example FRIEND', code: 'map-tag-unknown', detail: 'Spam' },
  { line: 'Connect:user@a.example RELAY', code: 'map-key-syntax' },
  { line: 'Connect:user@ REJECT', code: 'map-key-syntax' },
  { line: 'To:!a.example RELAY', code: 'map-key-syntax' },
  { line: '=a.example RELAY', code: 'map-key-syntax' },
  { line: '@ RELAY', code: 'map-key-syntax' },
  { line: 'To:user@ RELAY', code: 'map-user-relay' },
  { line: 'user@ relay', code: 'map-user-relay' },
  { line: 'To:a.example', code: 'map-value-missing' },
  { line: 'To:tag#1@a.example RELAY', code: 'map-value-missing' },
  { line: 'To:a.example YES', code: 'map-value-unknown' },
  { line: 'To:a.example RELAY now', code: 'map-value-unknown' },
  { line: 'To:a.example No ERROR:550 No', code: 'map-value-unknown' },
  { line: 'To:a.example call 555 now', code: 'map-value-unknown' },
  { line: 'To:a.example 354 Go', code: 'map-reply-syntax', detail: 'a code that starts with 4 or 5' },
  { line: 'To:a.example 550 4.1.1 No', code: 'map-reply-syntax', detail: 'an enhanced code that starts with 5' },
  { line: 'To:a.example ERROR:5.1.1:450 No', code: 'map-reply-syntax', detail: 'an enhanced code that starts with 4' },
  { line: 'To:a.example 55 No', code: 'map-value-unknown' },
  { line: 'To:jp RELAY', code: 'domain-public-suffix' },
  { line: 'Connect:0.0.0.0/0 RELAY', code: 'prefix-everything' },
  { line: 'Connect:192.0.2.9/24 RELAY', code: 'prefix-host-bits' },
  { line: 'Connect:[192.0.2.9] RELAY', code: 'address-brackets' },
  { line: 'To:a.\ufffd.example RELAY', code: 'bad-characters', detail: 'U+FFFD' },
  { line: '# a.example\rTo:a.example REJECT', code: 'bad-characters', detail: 'U+000D' },
  {
    line: `To:a.example ERROR:5.7.1:550 ${'x'.repeat(501)}`,
    code: 'map-reply-syntax',
    detail: 'a line of at most 512 octets, code and CRLF included',
  },
  {
    line: `To:a.example 450 ${'x'.repeat(501)}`,
    code: 'map-reply-syntax',
    detail: 'a line of at most 512 octets, code and CRLF included',
  },
  { line: `To:a.example 450 ${'x '.repeat(3_000_000)}`, code: 'unexpected-text' },
];

describe('parseRelayMap', () => {
  for (const { line, code, detail } of faults) {
    it(`says ${code} of ${line.slice(0, 80)}`, () => {
      const { data, findings } = parseRelayMap('relay.map', `# first\nTo:good.example RELAY\n  ${line}\n`);
      assert.equal(data, undefined);
      assert.deepEqual(
        findings.map(({ at, code }) => `${at.line}:${at.column} ${code}`),
        [`3:3 ${code}`],
      );
      if (detail) assert.equal(findings[0]?.detail, detail);
    });
  }

  it('tells faults and contradictions in the order of their lines', () => {
    const { findings } = parseRelayMap(
      'relay.map',
      ['To:a.example RELAY', 'To:b.example YES', 'To:a.example REJECT', 'To:c.example YES'].join('\n'),
    );
    assert.deepEqual(
      findings.map(({ at, code }) => `${at.line} ${code}`),
      ['2 map-value-unknown', '3 contradiction', '4 map-value-unknown'],
    );
  });

  it('sees two values for one key, and none in a tagged and an untagged one', () => {
    const codes = (...lines: string[]) =>
      parseRelayMap('relay.map', lines.join('\n')).findings.map(
        ({ at, code, detail }) => `${at.line} ${code} ${detail}`,
      );
    assert.deepEqual(codes('To:a.example RELAY', 'To:A.example REJECT'), ['2 contradiction 1']);
    assert.deepEqual(codes('192.0.2 RELAY', '192.0.2.0/24 550 No'), ['2 contradiction 1']);
    assert.deepEqual(codes('To:a.example RELAY', 'a.example REJECT'), []);
    assert.deepEqual(codes('To:a.example RELAY', 'To:a.example RELAY'), []);
  });
});

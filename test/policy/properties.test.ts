/** What holds for every list and every probe: the tables agree with the plainest reading of the rules. */
import assert from 'node:assert/strict';
import { isIP, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { unaskedNames } from '../../src/policy/client-names';
import { decideTrust } from '../../src/policy/client-trust';
import { formatEntry, isProblem, parseEntry } from '../../src/policy/entries/entry';
import {
  formatAddress,
  type IpAddress,
  ipv4,
  maskAddress,
  parseAddress,
  parseIpv6,
  widthOf,
} from '../../src/policy/entries/ip-address';
import { forEachLine, Line } from '../../src/policy/entries/lines';
import { type ListKind, listKinds, PolicyList, parseList, parseListLine } from '../../src/policy/entries/list';
import { parseMapLine } from '../../src/policy/entries/map-line';
import { parseRelayMap, RelayMap } from '../../src/policy/entries/relay-map';
import { parseRoute } from '../../src/policy/entries/route';
import { badCharacterOf } from '../../src/policy/findings/characters';
import { hasFault } from '../../src/policy/findings/finding';
import { describeFinding } from '../../src/policy/findings/finding-text';
import { parseIni } from '../../src/policy/settings/ini';
import { parseSettings } from '../../src/policy/settings/settings';
import { address, listOf, mapOf, now, relayPolicy, shown } from '../../testkit/core';
import { checkNothingIsHidden, lineEnds } from '../../testkit/line-ends';
import { fc, runs } from '../../testkit/properties';

const word = fc.oneof(fc.nat({ max: 0xffffffff }), fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff));
/** Few different high bits, so that networks meet, nest and touch. */
const crowdedV4 = fc.tuple(
  fc.constantFrom(0, 10, 127, 192, 255),
  fc.nat({ max: 3 }),
  fc.nat({ max: 255 }),
  fc.nat({ max: 255 }),
);
const v4 = fc.oneof(
  word.map(ipv4),
  crowdedV4.map(([a, b, c, d]) => ipv4(a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d)),
);
const v6 = fc
  .tuple(fc.oneof(fc.constantFrom(0x20010db8, 0x20010db9), word), word, word, word)
  .map(([w0, w1, w2, w3]): IpAddress => ({ family: 6, w0, w1, w2, w3 }))
  .filter((a) => !(a.w0 === 0 && a.w1 === 0 && a.w2 === 0xffff));
const anyAddress = fc.oneof(v4, v6);

interface Network {
  readonly address: IpAddress;
  readonly length: number;
  readonly excluded: boolean;
}

const networkOf = (from: fc.Arbitrary<IpAddress>) =>
  fc
    .record({ address: from, cut: fc.oneof(fc.nat({ max: 128 }), fc.constantFrom(0, 8, 16)), excluded: fc.boolean() })
    .map(({ address, cut, excluded }): Network => {
      const length = Math.max(1, widthOf(address.family) - (cut % widthOf(address.family)));
      return { address: maskAddress(address, length), length, excluded };
    })
    // Mapped networks are IPv4; the text form of one that contains the mapping prefix would be read as such.
    .filter(({ address }) => !formatAddress(address).startsWith('::ffff:'));

const keyOf = ({ address, length }: Network) => `${formatAddress(address)}/${length}`;
const networks = (from: fc.Arbitrary<IpAddress>, minLength = 0, maxLength = 40) =>
  fc.uniqueArray(networkOf(from), { selector: keyOf, minLength, maxLength });

/** The addresses at a network's edges and right beside them. */
function edges({ address, length }: Network): IpAddress[] {
  const width = BigInt(widthOf(address.family));
  const first = toNumber(address);
  const last = first + (1n << (width - BigInt(length))) - 1n;
  return [first - 1n, first, last, last + 1n]
    .filter((n) => n >= 0n && n < 1n << width)
    .map((n) => fromNumber(n, address.family));
}

function toNumber(a: IpAddress): bigint {
  if (a.family === 4) return BigInt(a.w0);
  return [a.w0, a.w1, a.w2, a.w3].reduce((sum, w) => (sum << 32n) | BigInt(w), 0n);
}

function fromNumber(n: bigint, family: 4 | 6): IpAddress {
  const w = (shift: bigint) => Number((n >> shift) & 0xffffffffn);
  return family === 4 ? ipv4(Number(n)) : { family: 6, w0: w(96n), w1: w(64n), w2: w(32n), w3: w(0n) };
}

/** Line by line with ipaddr.js: of all networks around the client the longest. */
function naiveList(list: readonly Network[]): (client: IpAddress) => string | undefined {
  const ranges = list.map((network) => ipaddr.parse(formatAddress(network.address)));
  return (client) => {
    const probe = ipaddr.parse(formatAddress(client));
    let best: { readonly line: number; readonly network: Network } | undefined;
    list.forEach((network, index) => {
      if (network.address.family !== client.family || (best && network.length <= best.network.length)) return;
      if (probe.match(ranges[index] as ipaddr.IPv4, network.length)) best = { line: index + 1, network };
    });
    return best && `${best.network.excluded ? '-' : '+'}${best.line}`;
  };
}

function agrees(list: readonly Network[], probes: readonly IpAddress[]): void {
  const parsed = listOf('local_ip', ...list.map((network) => `${network.excluded ? '!' : ''}${keyOf(network)}`));
  const naive = naiveList(list);
  for (const probe of probes) assert.equal(shown(parsed.findAddress(probe, now)), naive(probe), formatAddress(probe));
}

describe('an address list', () => {
  it('agrees with a linear scan by ipaddr.js, at every edge and anywhere', () => {
    fc.assert(
      fc.property(networks(anyAddress), fc.array(anyAddress, { maxLength: 20 }), (list, probes) =>
        agrees(list, [...list.flatMap(edges), ...probes]),
      ),
    );
  });

  it('agrees with it above the threshold of the index too', () => {
    const many = fc.tuple(networks(v4, 520, 540), networks(v6, 520, 540));
    const some = fc.array(fc.tuple(fc.nat(), anyAddress), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(many, some, ([four, six], picks) => {
        const list = [...four, ...six];
        const probes = picks.flatMap(([n, probe]) => [probe, ...edges(list[n % list.length] as Network)]);
        agrees(list, probes);
      }),
      // Shrinking lists of this size takes minutes and shows no more than the other properties do.
      { numRuns: runs(8), endOnFailure: true },
    );
  });

  it('gives the same answers whatever the order of its lines', () => {
    const shuffled = networks(anyAddress).chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        const lines = (l: readonly Network[]) => l.map((n) => `${n.excluded ? '!' : ''}${keyOf(n)}`);
        const [one, two] = [listOf('hosts', ...lines(list)), listOf('hosts', ...lines(other))];
        for (const probe of list.flatMap(edges)) {
          assert.equal(
            one.findAddress(probe, now)?.excluded,
            two.findAddress(probe, now)?.excluded,
            formatAddress(probe),
          );
        }
      }),
      { numRuns: runs(40) },
    );
  });
});

const label = fc.constantFrom('a', 'b', 'ab', 'ba', 'aa', 'x-y', 'xn--bcher-kva', 'example');
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => [...labels, 'example'].join('.'));
const domainEntry = fc.record({ name, exact: fc.boolean(), excluded: fc.boolean() });
type DomainRow = { readonly name: string; readonly exact: boolean; readonly excluded: boolean };
const domainLine = ({ name, exact, excluded }: DomainRow) => `${excluded ? '!' : ''}${exact ? '=' : ''}${name}`;
const domainRows = fc.uniqueArray(domainEntry, { selector: (d) => `${d.exact} ${d.name}`, maxLength: 40 });

const ends = fc.constantFrom(
  '',
  '',
  ' until=2026-01-14T23:59Z',
  ' until=2026-01-15T00:00Z',
  ' until=2026-01-15T00:01Z',
);
/** Each line with an end or none, and the same lines without those that have ended. */
const withEnds = (line: fc.Arbitrary<string>) =>
  fc.uniqueArray(fc.tuple(line, ends), { selector: ([text]) => text.replace('!', ''), maxLength: 30 }).map((lines) => ({
    all: lines.map((parts) => parts.join('')),
    left: lines.map(([text, end]) => (end === '' || end.endsWith('01Z') ? text : '')),
  }));

describe('a list with ends', () => {
  it('agrees with the list without the entries that have ended, for every question', () => {
    const line = fc.oneof(
      networkOf(v4).map((network) => `${network.excluded ? '!' : ''}${keyOf(network)}`),
      domainEntry.map(domainLine),
    );
    fc.assert(
      fc.property(withEnds(line), fc.array(fc.oneof(v4, v6)), fc.array(name), ({ all, left }, probes, names) => {
        const [list, model] = [listOf('relay_to', ...all), listOf('relay_to', ...left)];
        const [denied, modelDenied] = [listOf('hosts', ...all), listOf('hosts', ...left)];
        assert.equal(denied.holdsEntries(now), modelDenied.holdsEntries(now));
        assert.equal(denied.holdsNames(now), modelDenied.holdsNames(now));
        const listed = all
          .map((text) => parseAddress(text.replace(/^!|\/.*$/g, '')))
          .filter((one) => one !== undefined);
        for (const probe of [...probes, ...listed])
          assert.equal(shown(denied.findAddress(probe, now)), shown(modelDenied.findAddress(probe, now)));
        for (const host of [...names, ...names.map((one) => `a.${one}`)]) {
          assert.equal(shown(list.findDomain(host, now)), shown(model.findDomain(host, now)), host);
          const asked = { localPart: 'user', domain: host };
          assert.equal(shown(list.findRecipient(asked, now)), shown(model.findRecipient(asked, now)), host);
        }
      }),
    );
  });

  it('agrees with it in relay.map, with its names and mailboxes', () => {
    const key = fc.oneof(
      networkOf(v4).map(keyOf),
      name,
      name.map((one) => `user@${one}`),
      fc.constant('user@'),
    );
    const line = fc.tuple(key, fc.constantFrom('450 later', '550 no')).map((parts) => parts.join(' '));
    const lines = fc.uniqueArray(fc.tuple(line, ends), { selector: ([text]) => text.split(' ')[0], maxLength: 20 });
    fc.assert(
      fc.property(lines, fc.array(name), fc.array(v4), (some, names, probes) => {
        const map = mapOf(...some.map((parts) => parts.join('')));
        const model = mapOf(...some.map(([text, end]) => (end === '' || end.endsWith('01Z') ? text : '')));
        assert.equal(map.usesClientNames(now), model.usesClientNames(now));
        assert.equal(map.holdsEntries(now), model.holdsEntries(now));
        for (const domain of names) {
          for (const localPart of ['user', 'other'])
            assert.deepEqual(
              map.findRecipient({ localPart, domain }, now),
              model.findRecipient({ localPart, domain }, now),
            );
          assert.deepEqual(map.findClientName(domain, now), model.findClientName(domain, now));
        }
        for (const probe of probes)
          assert.deepEqual(map.findClientAddress(probe, now), model.findClientAddress(probe, now));
      }),
    );
  });

  it('trusts by random scopes as the plainest reading of them does', () => {
    const scopes = fc.constantFrom('', '', ' from=a.example', ' from==a.example', ' from=b.a.example,<>', ' from=<>');
    const lines = fc.uniqueArray(fc.tuple(networkOf(v4), scopes), {
      selector: ([network]) => keyOf(network),
      maxLength: 20,
    });
    const sender = fc.constantFrom(undefined, '<>', '', 'a.example', 'b.a.example', 'x.example');
    const covers: Readonly<Record<string, readonly (string | undefined)[]>> = {
      '': [undefined, '<>', '', 'a.example', 'b.a.example', 'x.example'],
      ' from=a.example': ['a.example', 'b.a.example'],
      ' from==a.example': ['a.example'],
      ' from=b.a.example,<>': ['b.a.example', '<>'],
      ' from=<>': ['<>'],
    };
    fc.assert(
      fc.property(lines, fc.array(fc.tuple(v4, sender)), (some, probes) => {
        const usable = some.map(([network, scope]) => [network, network.excluded ? '' : scope] as const);
        const text = usable.map(([network, scope]) => `${network.excluded ? '!' : ''}${keyOf(network)}${scope}`);
        const policy = relayPolicy({ localip: text });
        const naive = naiveList(usable.map(([network]) => network));
        for (const [client, from] of [...probes, ...usable.map(([{ address: one }]) => [one, 'a.example'] as const)]) {
          const found = naive(client);
          const line = found?.startsWith('+') ? Number(found.slice(1)) : undefined;
          const expected = line !== undefined && covers[usable[line - 1]?.[1] ?? '']?.includes(from) ? line : undefined;
          const asked = { clientAddress: client, clientNames: unaskedNames, time: now, sender: from };
          assert.equal(decideTrust(policy, asked)?.at?.line, expected);
        }
      }),
    );
  });
});

/** Label by label from the end; an exact name before the domain of that name. */
function naiveDomain(list: readonly DomainRow[], host: string): string | undefined {
  const asked = host.toLowerCase().split('.');
  let best: { readonly line: number; readonly row: DomainRow; readonly rank: number } | undefined;
  list.forEach((row, index) => {
    const labels = row.name.split('.');
    const tail = asked.slice(-labels.length);
    const covered = labels.length <= asked.length && labels.every((l, i) => l === tail[i]);
    if (!covered || (row.exact && labels.length !== asked.length)) return;
    const rank = labels.length * 2 + (row.exact ? 1 : 0);
    if (!best || rank > best.rank) best = { line: index + 1, row, rank };
  });
  return best && `${best.row.excluded ? '-' : '+'}${best.line}`;
}

describe('a domain list', () => {
  it('agrees with a scan label by label', () => {
    const probes = fc.array(fc.tuple(name, fc.boolean(), fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(domainRows, probes, (list, others) => {
        const parsed = listOf('local_domain', ...list.map(domainLine));
        const asked = [
          ...others.map(([host, upper]) => (upper ? host.toUpperCase() : host)),
          ...list.flatMap((row) => [
            row.name,
            `a.${row.name}`,
            `a${row.name}`,
            row.name.slice(row.name.indexOf('.') + 1),
          ]),
        ];
        for (const host of asked) {
          assert.equal(shown(parsed.findDomain(host, now)), naiveDomain(list, host), host);
          assert.equal(shown(parsed.findDomain(`${host}.`, now)), naiveDomain(list, host), `${host}.`);
        }
      }),
    );
  });
});

/** Pieces of which lists, maps and settings are made, right and wrong. */
const piece = fc.constantFrom(
  ...[
    '133.9',
    '192.0.2.7',
    '/24',
    '/0',
    '2001:db8::',
    '::ffff:',
    '/32',
    '.',
    ':',
    '!',
    '=',
    '*',
    '#',
    ' ',
    '\t',
    '\r',
    '\n',
  ],
  ...[
    'example',
    'ac.jp',
    'a@b',
    '"',
    '\\',
    '@',
    '[',
    ']',
    '[192.0.2.7]:25',
    'Connect:',
    'To:',
    'From:',
    'RELAY',
    'REJECT',
  ],
  ...[
    'ERROR:5.7.1:550 no',
    '450 ',
    '[relay]',
    '[privacy]',
    'flags=',
    'restriction=',
    'true',
    ';',
    '\ufeff',
    '\u3000',
    'ü',
    '\u0000',
  ],
);
const grammar = fc.array(fc.oneof(piece, piece, fc.string({ maxLength: 3 })), { maxLength: 30 }).map((p) => p.join(''));
const unicode = fc.string({ unit: 'binary', maxLength: 200 });
const bytes = fc.uint8Array({ maxLength: 200 }).map((b) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(b));
const anyText = fc.oneof(grammar, unicode, bytes, fc.string({ unit: 'grapheme', maxLength: 100 }));

/** Data and no fault, or a fault and no data; each finding on a line of the text and fit for a log. */
function wholeOrNotAtAll(
  text: string,
  parsed: { readonly data?: unknown; readonly findings: readonly Parameters<typeof describeFinding>[0][] },
): void {
  const lines = text.split('\n').length;
  assert.equal(parsed.data === undefined, hasFault(parsed.findings));
  for (const finding of parsed.findings) {
    assert.ok(finding.at.line >= 1 && finding.at.line <= lines, `${finding.at.line} of ${lines}`);
    assert.ok(finding.at.column === undefined || finding.at.column >= 1);
    assert.doesNotMatch(describeFinding(finding).replace(/^[^:]*:/, ''), /[\x00-\x08\x0a-\x1f\x7f]/);
  }
}

describe('any text', () => {
  for (const kind of Object.keys(listKinds) as ListKind[]) {
    it(`is a ${kind} list or has a fault on one of its lines`, () => {
      fc.assert(
        fc.property(anyText, (text) => {
          const parsed = parseList(kind, 'list', text);
          wholeOrNotAtAll(text, parsed);
          if (parsed.data) {
            let entries = 0;
            forEachLine(text, () => entries++);
            // Repeated networks are one entry; nothing else may get lost.
            assert.ok(new PolicyList(parsed.data).size <= entries);
          }
        }),
      );
    });
  }

  it('says the same with its octets beside it', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const octets = Buffer.from(text);
        const read = new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets);
        assert.deepEqual(parseList('relay_to', 'list', read, octets), parseList('relay_to', 'list', read));
        assert.deepEqual(parseRelayMap('relay.map', read, octets), parseRelayMap('relay.map', read));
      }),
    );
  });

  it('is a relay map or has a fault on one of its lines', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const parsed = parseRelayMap('relay.map', text);
        wholeOrNotAtAll(text, parsed);
        if (parsed.data) new RelayMap(parsed.data).findRecipient({ localPart: 'user', domain: 'b.example' }, now);
      }),
    );
  });

  it('is settings or has a fault on one of its lines', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        parseIni(text);
        const { settings, findings } = parseSettings('smtpcheck.ini', text);
        wholeOrNotAtAll(text, settings ? { data: settings, findings } : { findings });
      }),
    );
  });

  it('never keeps an entry behind a line end of any kind without a fault', () => {
    const comment = anyText.map((text) => `# ${text}`);
    const around = fc.oneof(anyText, comment, fc.constantFrom('', '; campus', '127.9 # campus'));
    fc.assert(fc.property(around, fc.constantFrom(...lineEnds), around, checkNothingIsHidden));
  });

  it('can be asked for as an address, a name or a recipient', () => {
    const list = listOf('relay_to', 'backup.example', 'user@other.example', 'müller@other.example', '192.0.2.25');
    fc.assert(
      fc.property(anyText, anyText, (localPart, domain) => {
        parseAddress(domain);
        parseRoute(domain);
        list.findDomain(domain, now);
        const found = list.findRecipient({ localPart, domain }, now);
        if (found && !/(^|\.)backup\.example\.?$/i.test(domain))
          assert.fail(`${localPart}@${domain} is listed nowhere`);
      }),
    );
  });
});

const localPart = fc.oneof(
  fc.stringMatching(/^[a-z0-9!#$%&'*+/=?^_{|}~-]{1,8}(\.[a-z0-9]{1,4})?$/),
  fc.stringMatching(/^[ -~]{0,8}$/).map((text) => `"${text.replace(/[\\"]/g, '\\$&')}"`),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }),
);
const entryText = fc.oneof(
  networkOf(anyAddress).map((n) => `${n.excluded ? '!' : ''}${keyOf(n)}`),
  domainEntry.map(domainLine),
  fc
    .tuple(
      localPart,
      fc.oneof(
        name,
        anyAddress.map((a) => (a.family === 4 ? `[${formatAddress(a)}]` : `[IPv6:${formatAddress(a)}]`)),
      ),
    )
    .map((m) => m.join('@')),
  grammar,
);

describe('an entry', () => {
  it('is the same once printed and parsed again', () => {
    let sound = 0;
    fc.assert(
      fc.property(entryText, (text) => {
        const entry = parseEntry(text);
        if (isProblem(entry)) {
          if (entry.suggestion !== undefined)
            assert.ok(!isProblem(parseEntry(entry.suggestion)), `${entry.suggestion} for ${text} is sound`);
          return;
        }
        sound++;
        assert.deepEqual(parseEntry(formatEntry(entry)), entry, text);
      }),
      { numRuns: runs(2000) },
    );
    assert.ok(sound > runs(500), `${sound} sound entries were tried`);
  });
});

/** Nearly every text that could be an address, right or wrong by a character. */
const addressLike = fc.oneof(
  anyAddress.map(formatAddress),
  fc
    .tuple(
      fc.oneof(
        v6.map(formatAddress),
        v4.map((a) => `::ffff:${formatAddress(a)}`),
      ),
      fc.nat({ max: 60 }),
      fc.constantFrom(...'0f:.g%/ '),
    )
    .map(([text, at, with_]) => text.slice(0, at) + with_ + text.slice(at + 1)),
  fc
    .array(fc.constantFrom('0', '7', 'ff', 'abcd', '12345', ':', ':', ':', '::', '.', '192.0.2.1', '1.2', '01.2.3.4'), {
      maxLength: 17,
    })
    .map((parts) => parts.join('')),
  fc
    .array(fc.constantFrom('0', '00', '7', '255', '256', '.', '.', '.'), { maxLength: 8 })
    .map((parts) => parts.join('')),
);

describe('what is an address', () => {
  it('is what node:net takes for one, zones aside', () => {
    let sound = 0;
    fc.assert(
      fc.property(addressLike, (text) => {
        const parsed = parseAddress(text);
        if (parsed) sound++;
        if (!text.includes('%')) assert.equal(parsed !== undefined, isIP(text) !== 0, text);
        assert.equal(parseIpv6(text) !== undefined, isIPv6(text) && !text.includes('%'), text);
        if (parsed && !text.includes('.') && !text.includes('%')) {
          assert.equal(formatAddress(parsed), ipaddr.process(text).toString());
        }
      }),
      { numRuns: runs(3000) },
    );
    assert.ok(sound > runs(500), `${sound} addresses were tried`);
  });
});

describe('a line with one entry', () => {
  it('means what the entry means, in any list that may hold it', () => {
    const word = entryText.filter((text) => /^[^\s#]+$/.test(text) && badCharacterOf(text) === undefined);
    fc.assert(
      fc.property(word, fc.constantFrom(...(Object.keys(listKinds) as ListKind[])), (text, kind) => {
        const line = Line.of(text);
        const [entry, inList] = [parseEntry(text), parseListLine(kind, line)];
        if (isProblem(inList) && inList.problem.endsWith('-not-here')) {
          assert.ok(!isProblem(entry) && !(listKinds[kind].entries as readonly string[]).includes(entry.kind), text);
        } else {
          assert.deepEqual(inList, entry, text);
        }
      }),
      { numRuns: runs(2000) },
    );
  });
});

/** The line read as the only line of a text, and read with nothing taken for a comment. */
function bothReadings<T>(text: string, parse: (line: Line) => T): readonly [alone: T | undefined, whole: T] {
  let alone: T | undefined;
  forEachLine(text, (line) => {
    alone = parse(line);
  });
  return [alone, parse(Line.of(text))];
}

describe('a ; in a line', () => {
  const lineOfPieces = fc
    .array(fc.oneof(piece, fc.constantFrom(' ;', ';', ' ; ', '\t;', 'To:b.example ', '550 no ', '192.0.2.7 ')), {
      maxLength: 12,
    })
    .map((parts) =>
      parts
        .join('')
        .replace(/[#\r\n\ufeff]/g, '')
        .trim(),
    )
    .filter((text) => text !== '');

  it('never changes what a line means that is valid with the ; in it', () => {
    fc.assert(
      fc.property(lineOfPieces, (text) => {
        const [row, wholeRow] = bothReadings(text, parseMapLine);
        if (!isProblem(wholeRow)) assert.deepEqual(row, wholeRow, text);
        for (const kind of Object.keys(listKinds) as ListKind[]) {
          const [entry, whole] = bothReadings(text, (line) => parseListLine(kind, line));
          if (!isProblem(whole)) assert.deepEqual(entry, whole, text);
        }
      }),
      { numRuns: runs(5000) },
    );
  });

  it('starts a comment after a blank as # does, whichever way a list is read', () => {
    const comment = fc.string({ maxLength: 10 }).map((text) => text.replace(/[^ -~]/g, ''));
    const rows = fc.array(fc.tuple(fc.oneof(entryText, fc.constantFrom('192.0.2.0/24', 'a.example', '')), comment), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(rows, fc.constantFrom(...(Object.keys(listKinds) as ListKind[])), (list, kind) => {
        const textWith = (mark: string) =>
          list.map(([entry, said]) => `${entry.replace(/[^!-~]|[#;]/g, '')} ${mark}${said}\n`).join('');
        const [hash, semicolon] = [textWith('#'), textWith(';')];
        assert.deepEqual(parseList(kind, 'list', semicolon), parseList(kind, 'list', hash));
        assert.deepEqual(parseList(kind, 'list', semicolon, Buffer.from(semicolon)), parseList(kind, 'list', hash));
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe('a range of addresses', () => {
  it('is offered as networks that hold its addresses and no others', () => {
    const near = fc
      .tuple(
        fc.constantFrom<4 | 6>(4, 6),
        fc.bigInt({ min: 0n, max: 2n ** 24n }),
        fc.bigInt({ min: 0n, max: 2n ** 20n }),
      )
      .map(([family, first, more]) => ({ family, first, last: first + more }));
    const pair = fc.tuple(word, word).map(([a, b]) => ({
      family: 4 as const,
      first: BigInt(Math.min(a, b)),
      last: BigInt(Math.max(a, b)),
    }));
    fc.assert(
      fc.property(fc.oneof(near, pair), ({ family, first, last }) => {
        const written = [first, last].map((n) => formatAddress(fromNumber(n, family)));
        const entry = parseEntry(written.join('-'));
        assert.ok(isProblem(entry));
        if (entry.problem === 'prefix-everything') return assert.equal(last - first, 2n ** 32n - 1n);
        // An address of the mapping prefix is IPv4, which no range of IPv6 ends in.
        if (entry.suggestion === undefined) return assert.equal(family, 6);
        let next = first;
        for (const text of entry.suggestion.split(', ')) {
          const network = parseEntry(text);
          assert.ok(!isProblem(network) && network.kind === 'network', text);
          assert.equal(toNumber(network.address), next);
          next += 1n << BigInt(widthOf(family) - network.length);
        }
        assert.equal(next, last + 1n);
      }),
      { numRuns: runs(2000) },
    );
  });
});

describe('an address', () => {
  it('is the same once printed and parsed again', () => {
    fc.assert(fc.property(anyAddress, (a) => assert.deepEqual(address(formatAddress(a)), a)));
  });

  it('is what ipaddr.js reads, for every IPv6 text of eight groups', () => {
    const groups = fc.array(fc.nat({ max: 0xffff }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, (parts) => {
        const text = parts.map((part) => part.toString(16)).join(':');
        assert.equal(ipaddr.parse(formatAddress(address(text))).toString(), ipaddr.process(text).toString());
      }),
    );
  });
});

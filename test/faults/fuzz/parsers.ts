/**
 * Every parser of `src/policy`, with texts that nearly follow its grammar and with bytes: it never throws, places every finding
 * within the text, and takes no more than in proportion for a text that is longer.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeText } from '../../../src/lists/files/file-reader';
import { parseDomainName } from '../../../src/policy/entries/domain-name';
import { parseEntry } from '../../../src/policy/entries/entry';
import { parseAddress, parseAddressLiteral } from '../../../src/policy/entries/ip-address';
import { type ListKind, listKinds, parseList } from '../../../src/policy/entries/list';
import { parseRelayMap } from '../../../src/policy/entries/relay-map';
import { formatRoute, parseRoute } from '../../../src/policy/entries/route';
import { type Finding, hasFault } from '../../../src/policy/findings/finding';
import { describeFinding } from '../../../src/policy/findings/finding-text';
import { isWellFormedHello } from '../../../src/policy/hello';
import { carriesRoute } from '../../../src/policy/mailbox';
import { parseIni } from '../../../src/policy/settings/ini';
import { parseSettings } from '../../../src/policy/settings/settings';
import { checkNothingIsHidden, lineEnds } from '../../../testkit/line-ends';
import type { Fuzzer } from './fuzzer';

interface Parser {
  readonly name: string;
  /** Throws where the parser does, or where what it says cannot be. */
  parse(text: string): void;
}

const parsers: readonly Parser[] = [
  ...(Object.keys(listKinds) as ListKind[]).map((kind) => ({
    name: `parseList ${kind}`,
    parse: (text: string) => checkTable(text, parseList(kind, 'list', text)),
  })),
  { name: 'parseRelayMap', parse: (text) => checkTable(text, parseRelayMap('map', text)) },
  {
    name: 'parseSettings',
    parse(text) {
      const { settings, readable, findings } = parseSettings('ini', text);
      checkFindings(text, findings);
      assert.equal(settings === undefined, hasFault(findings), 'settings in spite of a fault, or none without one');
      assert.ok(readable.main.poll > 0);
    },
  },
  { name: 'parseIni', parse: (text) => assert.ok(parseIni(text).entries.every(({ line }) => line >= 1)) },
  { name: 'parseEntry', parse: (text) => assert.equal(typeof parseEntry(text), 'object') },
  { name: 'parseAddress', parse: (text) => assert.ok([4, 6, undefined].includes(parseAddress(text)?.family)) },
  {
    name: 'parseAddressLiteral',
    parse: (text) => assert.ok([4, 6, undefined].includes(parseAddressLiteral(text)?.family)),
  },
  {
    name: 'parseDomainName',
    parse(text) {
      const name = parseDomainName(text);
      if (name !== undefined) assert.equal(parseDomainName(name), name, 'the form that lists hold is read as another');
    },
  },
  {
    name: 'parseRoute',
    parse(text) {
      const route = parseRoute(text);
      if (route !== undefined)
        assert.deepEqual(parseRoute(formatRoute(route)), route, 'what is written is read as another');
    },
  },
  {
    name: 'isWellFormedHello',
    parse: (text) => assert.ok(!isWellFormedHello(text) || /^[!-~]{1,255}$/.test(text), 'a name of other characters'),
  },
  {
    name: 'the text before an entry',
    parse(text) {
      for (const lineEnd of lineEnds) checkNothingIsHidden(text, lineEnd, '');
    },
  },
  {
    name: 'the text behind an entry',
    parse(text) {
      for (const lineEnd of lineEnds) checkNothingIsHidden('# campus', lineEnd, text);
    },
  },
  { name: 'carriesRoute', parse: (text) => assert.equal(typeof carriesRoute(text), 'boolean') },
];

function checkTable(text: string, parsed: { readonly data?: unknown; readonly findings: readonly Finding[] }): void {
  checkFindings(text, parsed.findings);
  assert.equal(parsed.data === undefined, hasFault(parsed.findings), 'a list in spite of a fault, or none without one');
}

function checkFindings(text: string, findings: readonly Finding[]): void {
  const lines = text.split('\n').length;
  for (const finding of findings) {
    assert.ok(finding.at.line >= 1 && finding.at.line <= lines, `line ${finding.at.line} of ${lines}`);
    assert.ok(describeFinding(finding).length > 0);
  }
}

/** What the grammars are made of, and what has broken other parsers. */
const tokens = [
  ...['127.9', '10.0.0.0/8', '192.0.2.25', '255.', '.', '..', '/', '/33', '0', '00', '999999999999999999999'],
  ...[
    '::1',
    '2001:db8::/32',
    '::ffff:10.0.0.1',
    ':',
    '::',
    'f',
    '[',
    ']',
    '[192.0.2.1]:25',
    '[IPv6:2001:db8::1]',
    '%eth0',
  ],
  ...[
    'example.org',
    'backup.example',
    'xn--bcher-kva',
    'b\u00fccher',
    '\u3002',
    '\uff0e',
    '-',
    '_',
    '*',
    'a',
    'co.uk',
    'jp',
  ],
  ...['user@', '@', 'user', '"', '\\', '%', '!', '=', '+', '<', '>', 'SRS0=', ' ', '\t', '\n', '\r\n', '\r', '#', ';'],
  ...['To:', 'Connect:', 'From:', 'RELAY', 'OK', 'REJECT', 'DISCARD', 'SKIP', 'ERROR:', '5.7.1:', '550 ', 'hash:'],
  ...[
    '[relay]',
    '[main]',
    '[dns]',
    'restriction',
    'local_ip',
    'flags',
    'goaway',
    'noexpn',
    ',',
    'timeout',
    '2s',
    'true',
  ],
  ...[
    '\0',
    '\ufeff',
    '\ufffd',
    ...lineEnds.filter((lineEnd) => lineEnd > '\x80'),
    ...['\v', '\f', '\x1b', '\u202e'],
    '\u00a0',
    '\ud800',
    '\u0130',
    '__proto__',
    'constructor',
    '(',
    ')',
    '|',
    '$',
    '^',
  ],
];

const grammatical = fc
  .array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...tokens) }, fc.string({ maxLength: 6 })), { maxLength: 40 })
  .map((parts) => parts.join(''));
const bytes = fc.uint8Array({ maxLength: 300 }).map(decodeText);

const runsOfARound = 300;

/** A text four times as long takes four times as long, and 16 times where time grows with the square. */
const growth = 4;
const tolerated = 9;
const shorter = 4_096;
/** Below this, in milliseconds, the clock and the collector say more than the parser. */
const measurable = 4;
const confirmations = 4;

function slowAt({ parse }: Parser, text: (length: number) => string): number | undefined {
  let ratio = Number.POSITIVE_INFINITY;
  for (let again = 0; again < confirmations; again++) {
    const long = timeOf(parse, text(shorter * growth));
    if (long < measurable) return undefined;
    ratio = Math.min(ratio, long / timeOf(parse, text(shorter)));
    if (ratio < tolerated) return undefined;
  }
  return ratio;
}

/** The least of several: what else runs on the machine only adds. */
function timeOf(parse: (text: string) => void, text: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (let again = 0; again < 3; again++) {
    const start = performance.now();
    parse(text);
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

function pumped(before: string, token: string, after: string): (length: number) => string {
  return (length) => before + token.repeat(Math.ceil(length / token.length)) + after;
}

function throwsFor(parser: Parser, seed: number): string | undefined {
  const property = fc.property(fc.oneof(grammatical, bytes), (text) => parser.parse(text));
  const result = fc.check(property, { seed, numRuns: runsOfARound });
  if (!result.failed) return undefined;
  const error = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
  return `${parser.name} of ${JSON.stringify(result.counterexample?.[0])}: ${error}`;
}

/** One pumped token with something before and after it, drawn by the seed. */
function growsFor(parser: Parser, seed: number): string | undefined {
  const around = fc.oneof(fc.constant(''), fc.constantFrom(...tokens));
  const middle = fc.array(fc.constantFrom(...tokens), { minLength: 1, maxLength: 2 }).map((parts) => parts.join(''));
  for (const [before, token, after] of fc.sample(fc.tuple(around, middle, around), { seed, numRuns: 6 })) {
    const text = `${JSON.stringify(before)} + ${JSON.stringify(token)} again and again + ${JSON.stringify(after)}`;
    try {
      const ratio = slowAt(parser, pumped(before, token, after));
      if (ratio === undefined) continue;
      return `${parser.name} of ${text} takes ${ratio.toFixed(1)} times as long at ${growth} times the length`;
    } catch (error) {
      return `${parser.name} of ${text}: ${String(error)}`;
    }
  }
  return undefined;
}

export const parserFuzzer: Fuzzer = {
  name: 'parsers',
  async start() {
    return {
      async round(seed) {
        for (const parser of parsers) {
          const found = throwsFor(parser, seed) ?? growsFor(parser, seed);
          if (found !== undefined) return found;
        }
        return undefined;
      },
      async stop() {},
    };
  },
};

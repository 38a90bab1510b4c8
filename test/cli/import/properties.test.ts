import assert from 'node:assert/strict';
import { resolvePolicy } from '../../../src/cli/import/merge/resolve-policy';
import { render } from '../../../src/cli/import/output/render';
import { readers } from '../../../src/cli/import/readers';
import { recognise } from '../../../src/cli/import/recognise';
import { chainOf, joinReadings, type ListName, lists } from '../../../src/cli/import/site-policy';
import { type SourceType, sourceTypes } from '../../../src/cli/import/source-type';
import { mynetworksChain, relayDomainsChain } from '../../../src/cli/import/sources/postfix/postfix-patterns';
import { splitLines } from '../../../src/cli/import/sources/text-lines';
import { parseList } from '../../../src/policy/entries/list';
import { parseRelayMap } from '../../../src/policy/entries/relay-map';
import { parseSettings } from '../../../src/policy/settings/settings';
import { fc, runs } from '../../../testkit/properties';
import { readerContext } from './support';

/** Pieces that sources are made of, so that random text gets past the first look. */
const piece = fc.constantFrom(
  ...'Connect: To: From: IPv6: RELAY REJECT OK SKIP ERROR:550 DISCARD user@ user@example.org example.org .example.org'.split(
    ' ',
  ),
  ...'=example.org !192.0.2.1 192.0.2 192.0.2. 10 127.0.0.1 0.0.0.0/0 192.0.2.0/24 192.0.2.9/24 2001:db8 2001:db8::/32'.split(
    ' ',
  ),
  ...'[::1]/128 [192.0.2.1] mynetworks relay_domains mydestination = $mydomain ${x cidr:/a hash:/b /c jp com # ; , \\'.split(
    ' ',
  ),
  ...[
    '\n',
    '\n',
    '\n',
    '\n ',
    '\t',
    ' ',
    ' ',
    '"',
    "'",
    '`',
    '(',
    ')',
    "FEATURE(`access_db')",
    "define(`confPRIVACY_FLAGS', `",
  ],
  ...[
    'relay_recipient_maps = ',
    'smtpd_relay_restrictions = ',
    'smtpd_client_restrictions = warn_if_reject ',
    'check_recipient_access ',
    'transport_maps = ',
    'postscreen_access_list = ',
    'inline:{',
    '}',
    '${a?{',
    'error:no',
    'smtp inet n - n - - smtpd -o ',
    'permit',
    'reject',
    'LOCAL_HOST_IPADDR=',
    'RELAY_MAP=',
    'CR',
    'dnl',
  ],
  ...[
    '[domains]',
    '{"action":"accept"}',
    '{"action":"deny","nexthop":"a:1"}',
    '\u3000',
    '\ufeff',
    '\u0000',
    'ä.example',
    '\r\n',
  ],
);
const line = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(' '));
const text = fc.oneof(
  fc.array(line, { maxLength: 15 }).map((lines) => lines.join('\n')),
  fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 200 }),
);
const type = fc.constantFrom(...sourceTypes);
const context = fc.record({
  features: fc.subarray(['relay-hosts-only', 'relay-to-full-address', 'haraka-dest-domains'] as const),
  keepLoopback: fc.boolean(),
  position: fc.record({
    chain: fc.constantFrom(chainOf('source'), mynetworksChain('source'), relayDomainsChain('source', true)),
    order: fc.constantFrom([0], [3, 1]),
    negated: fc.boolean(),
    parentMatches: fc.boolean(),
  }),
});

describe('readers of any text', () => {
  it('never throw, and name lines of the text only', () => {
    fc.assert(
      fc.property(type, text, context, (kind: SourceType, source, surroundings) => {
        const reading = readers[kind](source, readerContext(surroundings));
        const last = Math.max(1, splitLines(source).length);
        const lines = [
          ...[...reading.rules, ...reading.barriers].map(({ origin }) => origin.line),
          ...reading.map.map(({ origin }) => origin.line),
          ...reading.localNames.flatMap(({ origins }) => origins.map(({ line }) => line)),
          ...[...reading.settings, ...reading.references, ...reading.routes].map(({ origin }) => origin.line),
          ...reading.remarks.map(({ at }) => at.line),
        ];
        for (const line of lines) assert.ok(line >= 1 && line <= last, `line ${line} of ${last}`);
        recognise('access', source);
      }),
      { numRuns: runs(1000) },
    );
  });

  it('lead to lists that the suite reads without a fault', () => {
    const sources = fc.array(fc.tuple(type, text), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(sources, context, (given, surroundings) => {
        const where = readerContext(surroundings);
        const joined = joinReadings(given.map(([kind, source]) => readers[kind](source, where)));
        const files = render(resolvePolicy({ ...joined, features: new Set([...joined.features, ...where.features]) }));
        for (const file of files.filter(({ count }) => count > 0)) {
          const { findings } = parse(file.name, file.text);
          assert.deepEqual(findings, [], file.text);
        }
      }),
      { numRuns: runs(400) },
    );
  });

  it('never trust an address or a name that no source mentions', () => {
    fc.assert(
      fc.property(type, text, context, (kind, source, surroundings) => {
        const policy = resolvePolicy(joinReadings([readers[kind](source, readerContext(surroundings))]));
        for (const { entry } of policy.lists.localip) {
          assert.ok(entry.kind === 'network' && entry.length >= 8, JSON.stringify(entry));
        }
      }),
      { numRuns: runs(500) },
    );
  });
});

function parse(name: string, source: string) {
  if (Object.hasOwn(lists, name)) return parseList(lists[name as ListName].kind, name, source);
  if (name === 'relay.map') return parseRelayMap(name, source);
  if (name === 'smtpcheck.ini') return parseSettings(name, source);
  return { findings: [] };
}

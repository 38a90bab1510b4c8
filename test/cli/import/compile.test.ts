/**
 * Chains of rules against the lists that they are compiled into: for any chains of one server, each address and domain is
 * listed if and only if the chains permit (or refuse) it, asked as the server asks them.
 */

import assert from 'node:assert/strict';
import { Collector } from '../../../src/cli/import/collector';
import { resolvePolicy } from '../../../src/cli/import/merge/resolve-policy';
import { readers } from '../../../src/cli/import/readers';
import {
  type Chain,
  chainOf,
  joinReadings,
  type ListName,
  lists,
  type Verdict,
} from '../../../src/cli/import/site-policy';
import { containsNetwork, type Network } from '../../../src/policy/entries/containment';
import { parseEntry } from '../../../src/policy/entries/entry';
import { parseAddress } from '../../../src/policy/entries/ip-address';
import { admits, PolicyList, parseList } from '../../../src/policy/entries/list';
import { now } from '../../../testkit/core';
import { fc, runs } from '../../../testkit/properties';
import { readerContext } from './support';

interface RuleCase {
  readonly pattern: string;
  readonly verdict: Verdict;
}

interface ChainCase {
  readonly decides: Chain['decides'];
  readonly rules: readonly RuleCase[];
}

const verdict = fc.constantFrom<Verdict>('permit', 'deny', 'no-opinion');
const chains = (pattern: fc.Arbitrary<string>): fc.Arbitrary<readonly ChainCase[]> =>
  fc.array(
    fc.record({
      decides: fc.constantFrom('first' as const, 'most-specific' as const),
      rules: fc.uniqueArray(fc.record({ pattern, verdict }), { maxLength: 6, selector: ({ pattern }) => pattern }),
    }),
    { minLength: 1, maxLength: 3 },
  );

/** How narrow a pattern is where it matches the probe: the length of its prefix, or the labels that it names. */
type Specificity = (pattern: string, probe: string) => number | undefined;

function verdictOf({ decides, rules }: ChainCase, probe: string, specificityOf: Specificity): Verdict {
  const matching = rules.flatMap((rule) => {
    const specificity = specificityOf(rule.pattern, probe);
    return specificity === undefined ? [] : [{ ...rule, specificity }];
  });
  const [first] = decides === 'first' ? matching : matching.sort((a, b) => b.specificity - a.specificity);
  return first?.verdict ?? 'no-opinion';
}

/** Chains of one series: the first that has an opinion decides. */
function modelOf(series: readonly ChainCase[], probe: string, specificityOf: Specificity): Verdict {
  return (
    series.map((chain) => verdictOf(chain, probe, specificityOf)).find((found) => found !== 'no-opinion') ??
    'no-opinion'
  );
}

/** `.example.org` as the names below it. */
function compiled(
  list: ListName,
  series: readonly ChainCase[],
  place: (i: number) => Partial<Chain> = (i) => ({ series: 'one', place: i }),
) {
  const out = new Collector(readerContext());
  for (const [i, { decides, rules }] of series.entries()) {
    const chain = chainOf('server', { ...place(i), decides });
    for (const [order, { pattern, verdict: says }] of rules.entries()) {
      const subdomainsOnly = pattern.startsWith('.');
      out.add(
        list,
        says,
        pattern.replace(/^\./, ''),
        { line: 1, text: pattern },
        { chain, order: [order], subdomainsOnly },
      );
    }
  }
  const { lists: made } = resolvePolicy(joinReadings([out]));
  const written = made[list].map(({ text, route }) => (route ? `${text} ${route}` : text));
  return { policyList: listOf(list, written), written };
}

function listOf(list: ListName, entries: readonly string[]): PolicyList {
  const { data, findings } = parseList(lists[list].kind, list, entries.join('\n'));
  assert.ok(data, JSON.stringify(findings));
  return new PolicyList(data);
}

const networks = fc.constantFrom(
  '192.0.2.0/24',
  '192.0.2.0/26',
  '192.0.2.7',
  '192.0',
  '2001:db8::/32',
  '2001:db8:1::/48',
);
const addresses = [
  '192.0.2.7',
  '192.0.2.8',
  '192.0.2.200',
  '192.0.3.1',
  '198.51.100.1',
  '2001:db8::1',
  '2001:db8:1::1',
];
const domains = fc.constantFrom(
  ...'example.org =example.org .example.org lab.example.org =lab.example.org .lab.example.org pc.lab.example.org'.split(
    ' ',
  ),
);
const names = [
  'example.org',
  'a.example.org',
  'lab.example.org',
  'a.lab.example.org',
  'pc.lab.example.org',
  'example.net',
];

const ofNetwork: Specificity = (pattern, probe) => {
  const [network, address] = [parseEntry(pattern), parseEntry(probe)] as unknown as [Network, Network];
  return containsNetwork(network, address) ? network.length : undefined;
};

const ofDomain: Specificity = (pattern, probe) => {
  const name = pattern.replace(/^[.=]/, '');
  const labels = name.split('.').length * 3;
  if (probe === name) return pattern.startsWith('.') ? undefined : labels + (pattern.startsWith('=') ? 2 : 0);
  return probe.endsWith(`.${name}`) && !pattern.startsWith('=')
    ? labels + (pattern.startsWith('.') ? 1 : 0)
    : undefined;
};

interface ListCase {
  readonly list: ListName;
  readonly patterns: fc.Arbitrary<string>;
  readonly probes: readonly string[];
  readonly specificityOf: Specificity;
}

const listCases: readonly ListCase[] = [
  { list: 'localip', patterns: networks, probes: addresses, specificityOf: ofNetwork },
  { list: 'localdomain', patterns: domains, probes: names, specificityOf: ofDomain },
  { list: 'relay.to', patterns: domains, probes: names, specificityOf: ofDomain },
  { list: 'host.deny', patterns: networks, probes: addresses, specificityOf: ofNetwork },
  { list: 'host.deny', patterns: domains, probes: names, specificityOf: ofDomain },
];

function isListed(policyList: PolicyList, probe: string): boolean {
  const address = parseAddress(probe);
  return admits(address ? policyList.findAddress(address, now) : policyList.findDomain(probe, now));
}

describe('chains of rules, compiled', () => {
  for (const { list, patterns, probes, specificityOf } of listCases) {
    const kind = probes === names ? 'names' : 'addresses';

    it(`list in ${list} exactly the ${kind} that the first chain with an opinion lists`, () => {
      let count = 0;
      fc.assert(
        fc.property(chains(patterns), (series) => {
          const { policyList, written } = compiled(list, series);
          for (const probe of probes) {
            const expected = modelOf(series, probe, specificityOf) === lists[list].listed;
            if (expected) count++;
            assert.equal(isListed(policyList, probe), expected, `${probe} in ${written.join(' ')}`);
          }
        }),
        { numRuns: runs(400) },
      );
      assert.ok(count > 100, 'and some are listed');
    });

    it(`list in ${list} no ${kind} that any of several sources denies, and of the others those that one permits`, () => {
      fc.assert(
        fc.property(chains(patterns), (sources) => {
          const { policyList, written } = compiled(list, sources, (i) => ({ series: `source ${i}`, place: 0 }));
          for (const probe of probes) {
            const verdicts = sources.map((chain) => verdictOf(chain, probe, specificityOf));
            const together = verdicts.includes('deny') ? 'deny' : verdicts.includes('permit') ? 'permit' : 'no-opinion';
            assert.equal(
              isListed(policyList, probe),
              together === lists[list].listed,
              `${probe} in ${written.join(' ')}`,
            );
          }
        }),
        { numRuns: runs(400) },
      );
    });
  }

  it('permit behind a gate what both permit', () => {
    fc.assert(
      fc.property(chains(domains), chains(domains), ([gate], [next]) => {
        const series = [gate, next] as [ChainCase, ChainCase];
        const { policyList } = compiled('relay.to', series, (i) => ({
          series: `${i}`,
          ...(i === 0 ? { isGate: true } : { gate: chainOf('server', { series: '0' }) }),
        }));
        for (const probe of names) {
          const expected = series.every((chain) => verdictOf(chain, probe, ofDomain) === 'permit');
          // A gate ends where it says, however wide the rule behind it is.
          if (isListed(policyList, probe)) assert.ok(expected, probe);
        }
      }),
      { numRuns: runs(400) },
    );
  });

  it('permit of what a chain denies by default only what a rule of that chain is about', () => {
    let count = 0;
    fc.assert(
      fc.property(chains(domains), chains(domains), ([permits], [exceptions]) => {
        const out = new Collector(readerContext());
        const series = [permits, { ...exceptions, decides: 'most-specific' }] as [ChainCase, ChainCase];
        for (const [i, { decides, rules }] of series.entries()) {
          const chain = chainOf('server', { series: `${i}`, decides });
          for (const [order, { pattern, verdict: says }] of rules.entries()) {
            const verdictHere = i === 1 && says === 'permit' ? 'no-opinion' : says;
            const subdomainsOnly = pattern.startsWith('.');
            const item = { line: 1, text: pattern };
            out.add('relay.to', verdictHere, pattern.replace(/^\./, ''), item, {
              chain,
              order: [order],
              subdomainsOnly,
            });
          }
        }
        // Of no server, so it stands in the chain of that name of each.
        out.addBarrier('relay.to', chainOf('', { series: '1' }), [], { line: 1, text: '*' });
        const { lists: made } = resolvePolicy(joinReadings([out]));
        const policyList = listOf(
          'relay.to',
          made['relay.to'].map(({ text }) => text),
        );
        const hasChain = series[1].rules.length > 0;
        for (const probe of names) {
          const isExcepted = series[1].rules.some(({ pattern }) => ofDomain(pattern, probe) !== undefined);
          const isDenied = hasChain && (!isExcepted || verdictOf(series[1], probe, ofDomain) === 'deny');
          const expected = verdictOf(series[0], probe, ofDomain) === 'permit' && !isDenied;
          if (expected && hasChain) count++;
          assert.equal(isListed(policyList, probe), expected, probe);
        }
      }),
      { numRuns: runs(400) },
    );
    assert.ok(count > 50, 'and some are listed');
  });

  it('write nothing that the entry around it says already', () => {
    fc.assert(
      fc.property(chains(networks), (series) => {
        const { written } = compiled('localip', series);
        for (const text of written) {
          const all = listOf('localip', written);
          const without = listOf(
            'localip',
            written.filter((other) => other !== text),
          );
          const counts = addresses.some((address) => isListed(all, address) !== isListed(without, address));
          assert.ok(counts, `${text} in ${written.join(' ')}`);
        }
      }),
    );
  });

  const transports = [
    'lab.example [10.0.0.5]:2525',
    '.wide.example [10.0.0.6]',
    'one.wide.example [10.0.0.7]',
    'else.example [10.0.0.8]',
  ];
  const routed = (entries: readonly string[]) => {
    const out = new Collector(readerContext());
    for (const entry of entries) out.add('relay.to', 'permit', entry, { line: 1, text: entry });
    const transport = transports.map((line) => line.replace(' ', ' smtp:')).join('\n');
    const { lists: made, remarks } = resolvePolicy(
      joinReadings([out, readers['postfix-transport'](transport, { ...readerContext(), file: 'transport' })]),
    );
    const left = remarks.filter(({ code }) => code === 'postfix-route').map(({ at }) => at.line);
    return { entries: made['relay.to'].map(({ text, route }) => (route ? `${text} ${route}` : text)), left };
  };

  it('have the next hops that the most specific key of the source gives, of mailboxes too', () => {
    assert.deepEqual(routed(['a@lab.example', 'b@other.example', 'wide.example', '=two.wide.example']), {
      entries: [
        'a@lab.example [10.0.0.5]:2525',
        'b@other.example',
        'wide.example [10.0.0.6]',
        '=wide.example',
        '=one.wide.example [10.0.0.7]',
      ],
      left: [4],
    });
  });
});

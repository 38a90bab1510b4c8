/**
 * The promise of an import, for whole sites of Postfix against a plain model: whoever the imported policy lets relay,
 * Postfix let relay too.
 */
import assert from 'node:assert/strict';
import { resolvePolicy } from '../../../../../src/cli/import/merge/resolve-policy';
import { render } from '../../../../../src/cli/import/output/render';
import { readers } from '../../../../../src/cli/import/readers';
import { joinReadings } from '../../../../../src/cli/import/site-policy';
import { fc, runs } from '../../../../../testkit/properties';
import { type Client, ImportedPolicy } from '../../imported-policy';
import { readerContext } from '../../support';
import type { Action, ClientTable, Element } from './postfix-lists';
import { decide, mainCfOf, type Site } from './postfix-site-model';

const words = (text: string) => text.split(' ');
const action = fc.constantFrom<Action>('REJECT', 'OK', 'DUNNO');

const element = (patterns: string): fc.Arbitrary<Element> =>
  fc.record({ negated: fc.boolean(), pattern: fc.constantFrom(...words(patterns)) });

const cidrTable: fc.Arbitrary<ClientTable> = fc.record({
  type: fc.constant('cidr' as const),
  rows: fc.array(fc.tuple(fc.constantFrom(...words('192.0.0.0/16 192.0.2.0/24 192.0.2.7 198.51.100.0/24')), action), {
    maxLength: 3,
  }),
});
const hashTable: fc.Arbitrary<ClientTable> = fc.record({
  type: fc.constant('hash' as const),
  rows: fc.uniqueArray(
    fc.tuple(fc.constantFrom(...words('192.0 192.0.2 192.0.2.7 example.org .example.org pc.example.org')), action),
    { maxLength: 3, selector: ([key]) => key },
  ),
});
const clientTable = fc.oneof(cidrTable, hashTable);
const nowhere = fc.constantFrom('error:no', 'retry:later', 'discard:');

const site: fc.Arbitrary<Site> = fc.record({
  mynetworks: fc.array(element('192.0.2.0/24 192.0.2.7 198.51.100.0/24 example.org'), { maxLength: 3 }),
  relayDomains: fc.array(element('a.example b.example sub.a.example .b.example'), { maxLength: 4 }),
  parentMatches: fc.boolean(),
  clientTables: fc.array(
    fc
      .tuple(clientTable, fc.constantFrom('named' as const, 'bare' as const), fc.boolean())
      .map(([table, form, onlyWarns]) => ({ ...table, form, onlyWarns })),
    { maxLength: 2 },
  ),
  recipientTables: fc.array(
    fc.record({
      rows: fc.uniqueArray(
        fc.tuple(
          fc.constantFrom(...words('a.example sub.a.example .a.example user@a.example user@ b.example')),
          action,
        ),
        { maxLength: 3, selector: ([key]) => key },
      ),
    }),
    { maxLength: 2 },
  ),
  postscreen: fc.record({ enforces: fc.boolean(), table: clientTable }),
  transports: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom(...words('a.example .a.example sub.a.example b.example user@a.example else.example *')),
      fc.oneof(nowhere, fc.constantFrom('smtp:', 'relay:[192.0.2.25]', 'lmtp:unix:x', ':')),
    ),
    { maxLength: 3, selector: ([key]) => key },
  ),
  relayTransport: fc.oneof({ weight: 4, arbitrary: fc.constant('relay') }, { weight: 1, arbitrary: nowhere }),
  defaultTransport: fc.oneof({ weight: 4, arbitrary: fc.constant('smtp') }, { weight: 1, arbitrary: nowhere }),
});

const clients: readonly Client[] = [
  ...['192.0.2.7', '192.0.2.8', '192.0.3.1', '198.51.100.7', '203.0.113.1'].map((ip) => ({ ip })),
  { ip: '192.0.2.7', name: 'pc.example.org' },
  { ip: '203.0.113.2', name: 'pc.example.org' },
  { ip: '203.0.113.3', name: 'example.org' },
];
const recipients = words(
  'user@a.example other@a.example user@sub.a.example other@deep.sub.a.example user@b.example user@x.b.example user@else.example',
).map((address) => address.split('@') as [string, string]);

describe('an import of a whole Postfix', function () {
  this.timeout(60_000);

  it('relays for nobody that Postfix did not relay for, by whatever table, transport or restriction', () => {
    let relayed = 0;
    fc.assert(
      fc.property(site, (given) => {
        const main = mainCfOf(given);
        const resolved = resolvePolicy(joinReadings([readers['postfix-main'](main, readerContext())]));
        const policy = ImportedPolicy.of(render(resolved));
        // Remarks say of recipients that Postfix refuses by themselves to whom they are open here.
        const saysSo = resolved.remarks.some(({ code }) => code === 'user-behind-domain');
        for (const client of clients) {
          for (const [localPart, domain] of recipients) {
            const theirs = decide(given, client, localPart, domain);
            const ours = policy.decide(client, localPart, domain);
            if (ours === 'relayed') relayed++;
            const words = `${JSON.stringify(client)} to ${localPart}@${domain}: ${ours}, was ${theirs.verdict}\n${main}`;
            if (theirs.verdict === 'refused') assert.equal(ours, 'refused', words);
            const isTrusted = policy.decide(client, 'nobody', 'untrusted.invalid') === 'relayed';
            if (ours === 'relayed' && !(theirs.refusedByItself && (isTrusted || saysSo))) {
              assert.equal(theirs.verdict, 'relayed', words);
            }
          }
        }
      }),
      { numRuns: runs(400) },
    );
    assert.ok(relayed > 400, 'and it does relay');
  });
});

/** A question about whole sets is answered for all that they hold: no probe of them is answered otherwise than reported. */
import assert from 'node:assert/strict';
import { noNames } from '../../../src/policy/client-names';
import { containsNetwork } from '../../../src/policy/entries/containment';
import { type IpAddress, widthOf } from '../../../src/policy/entries/ip-address';
import { contentAt } from '../../../src/policy/sets/content-at';
import { decideMail, type MailDecision } from '../../../src/policy/sets/mail-decision';
import { Questioner } from '../../../src/policy/sets/mail-question';
import { mailPolicyOf } from '../../../src/policy/sets/policy-lists';
import { address, named, now } from '../../../testkit/core';
import { contentOf } from '../../../testkit/policy-content';
import { fc, runs } from '../../../testkit/properties';
import { domain, local, network4, probeAddress, senders, site } from '../../../testkit/random-policy';

const within = fc.constantFrom('198.51.0.0/16', '198.51.0.0/24', '198.51.7.128/25', '2001:db8::/64', '0.0.0.0/0');

function networkOf(text: string) {
  const [first = '', length = ''] = text.split('/');
  return { address: address(first), length: Number(length) };
}

/** The text of a reply names the client, so it is another for each. */
function said({ outcome, reply, route }: MailDecision): string {
  return [outcome, reply?.code, reply?.enhanced.join('.'), route?.host].join(' ');
}

const host = (probe: IpAddress) => ({ address: probe, length: widthOf(probe.family) });

describe('a question about sets', () => {
  it('reports exactly the addresses of a network that are not answered as expected', () => {
    const probes = fc.array(probeAddress, { minLength: 30, maxLength: 40 });
    fc.assert(
      fc.property(site, fc.oneof(within, network4), local, domain, probes, (lists, text, user, at, all) => {
        const content = contentAt(contentOf(lists), now);
        const policy = mailPolicyOf(contentOf(lists));
        const clients = networkOf(text);
        const question = { clients, names: [], localPart: user, domain: at };
        const questioner = new Questioner(content);
        const expected = said(questioner.first(question));
        const found = [...questioner.unexpected(question, (d) => said(d) === expected, false)];
        for (const probe of all.map(address).filter((one) => containsNetwork(clients, host(one)))) {
          const recipient = { localPart: user, domain: at };
          const request = { clientAddress: probe, clientNames: noNames, recipient, time: now };
          const answers = [undefined, ...senders].map((sender) => decideMail(policy, { ...request, sender }));
          const [other, ...known] = answers.map((decision) => said(decision) !== expected);
          const isCoveredOther = known.some((isOther, i) => isOther && answers[i + 1]?.scope !== undefined);
          const parts = found.filter((part) => containsNetwork(part.clients, host(probe)));
          assert.equal(parts.length, (other ? 1 : 0) + (isCoveredOther ? 1 : 0));
        }
      }),
      { numRuns: runs(600) },
    );
  });

  it('reports none only where every client, name and recipient of the sets is answered as expected', () => {
    const probe = fc.tuple(
      probeAddress,
      fc.constantFrom('', 'a.', 'b.', 'c.', 'a.b.', 'new.'),
      local,
      fc.constantFrom('', 'a.', 'c.b.', 'new.'),
    );
    fc.assert(
      fc.property(
        site,
        within,
        domain,
        domain,
        fc.boolean(),
        fc.array(probe, { minLength: 30 }),
        (lists, text, name, at, isConfirmed, all) => {
          const content = contentAt(contentOf(lists), now);
          const policy = mailPolicyOf(contentOf(lists));
          const clients = networkOf(text);
          const question = { clients, names: [{ name: `*.${name}`, isConfirmed }], localPart: '*', domain: `*.${at}` };
          const questioner = new Questioner(content);
          const expected = said(questioner.first(question));
          const found = [...questioner.unexpected(question, (d) => said(d) === expected, false)];
          const others = all.filter(([client, below, localPart, lower]) => {
            if (!containsNetwork(clients, host(address(client)))) return false;
            const claimed = [`${below}${name}`];
            const request = {
              clientAddress: address(client),
              clientNames: named(claimed, isConfirmed ? claimed : []),
              recipient: { localPart, domain: `${lower}${at}` },
              time: now,
            };
            return [undefined, ...senders].some(
              (sender) => said(decideMail(policy, { ...request, sender })) !== expected,
            );
          });
          if (found.length === 0) assert.deepEqual(others, []);
        },
      ),
      { numRuns: runs(400) },
    );
  });
});

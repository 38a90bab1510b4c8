/** The sets of a comparison are exact: what a policy answers differs where a set says so, and nowhere else. */
import assert from 'node:assert/strict';
import { coveredSender } from '../../../src/policy/attributes/sender-scope';
import { noNames } from '../../../src/policy/client-names';
import { containsNetwork } from '../../../src/policy/entries/containment';
import { parseEntry } from '../../../src/policy/entries/entry';
import {
  formatNetwork,
  type IpAddress,
  ipv4,
  parseAddressLiteral,
  widthOf,
} from '../../../src/policy/entries/ip-address';
import { type Change, isUndecided } from '../../../src/policy/sets/change';
import { comparePolicies } from '../../../src/policy/sets/compare-policies';
import { contentAt } from '../../../src/policy/sets/content-at';
import {
  decideMail,
  describeMail,
  type MailDecision,
  type MailPolicy,
  type MailRequest,
} from '../../../src/policy/sets/mail-decision';
import { holdsName } from '../../../src/policy/sets/name-sets';
import { mailPolicyOf, type PolicyContent } from '../../../src/policy/sets/policy-lists';
import { address, named, now, recipient } from '../../../testkit/core';
import { contentOf, type ListLines } from '../../../testkit/policy-content';
import { fc, runs } from '../../../testkit/properties';
import { pair, probeAddress, probeHost, probeLocal, probeName, senders, site } from '../../../testkit/random-policy';

function answer(decision: MailDecision): string {
  return isUndecided(decision) ? 'undecided' : `${decision.by} ${describeMail(decision)}`;
}

/** What a client is answered: of the scope it learns no more than whether its own sender is covered, but its limit is its own. */
function answers(policy: MailPolicy, requests: readonly MailRequest[]): string {
  return requests
    .map((request) => {
      const { scope: _scope, ...decision } = decideMail(policy, request);
      return answer(decision);
    })
    .join(' | ');
}

function forSenders(request: MailRequest): readonly MailRequest[] {
  return senders.map((sender) => ({ ...request, sender }));
}

/** Asked at a time, and compared as it is then. */
function contentNow(lists: ListLines): PolicyContent {
  return contentAt(contentOf(lists), now);
}

/** In no list of the generator. */
const outside = ipv4(0x01010101);
const unlisted = recipient('someone@unlisted.test');

function holdsAddress(subject: string, probe: IpAddress): boolean {
  const entry = parseEntry(subject);
  if (!('kind' in entry) || entry.kind !== 'network') throw new Error(subject);
  return containsNetwork(entry, { address: probe, length: widthOf(probe.family) });
}

function holdsRecipient(subject: string, localPart: string, host: string): boolean {
  const at = subject.lastIndexOf('@');
  if (at >= 0 && subject.slice(0, at) !== localPart) return false;
  const place = subject.slice(at + 1);
  const probe = parseAddressLiteral(host);
  if (!probe || place === '*') return holdsName(place, host);
  const network = /^\[?([0-9a-f.:/]+)\]?$/.exec(place)?.[1];
  return network !== undefined && holdsAddress(network, probe);
}

function setsWithAddress(changes: readonly Change[], probe: IpAddress): readonly Change[] {
  return changes.filter((change) => change.kind === 'client-addresses' && holdsAddress(change.subject, probe));
}

function setsWithName(changes: readonly Change[], probe: string): readonly Change[] {
  return changes.filter(
    ({ kind, subject, except }) =>
      kind === 'client-names' && holdsName(subject, probe) && !except.some((taken) => holdsName(taken, probe)),
  );
}

function setsWithRecipient(changes: readonly Change[], localPart: string, host: string): readonly Change[] {
  const isRecipient = ({ kind }: Change) => kind === 'recipients' || kind === 'recipient-literals';
  const holds = (subject: string) => holdsRecipient(subject, localPart, host);
  return changes.filter((change) => isRecipient(change) && holds(change.subject) && !change.except.some(holds));
}

/** Recipients as strangers and as trusted clients see them: trust by address stands in for any other. */
function withTrusted(lists: ListLines): ListLines {
  return { ...lists, localip: [...(lists.localip ?? []), '192.0.2.77'] };
}

describe('comparePolicies', () => {
  it('reports exactly the addresses, names and recipients that are answered otherwise, each in one set', () => {
    const probes = fc.tuple(
      fc.array(probeAddress, { minLength: 20, maxLength: 30 }),
      fc.array(probeName, { minLength: 12, maxLength: 20 }),
      fc.array(fc.tuple(probeLocal, probeHost), { minLength: 20, maxLength: 30 }),
    );
    fc.assert(
      fc.property(pair, probes, ([one, other], [addresses, names, mailboxes]) => {
        const before = contentNow(withTrusted(one));
        const after = contentNow(withTrusted(other));
        const changes = [...comparePolicies(before, after)];
        // As a server has them, with what has ended.
        const [was, is] = [one, other].map((lists) => mailPolicyOf(contentOf(withTrusted(lists)))) as [
          MailPolicy,
          MailPolicy,
        ];
        const differ = (requests: readonly MailRequest[]) => answers(was, requests) !== answers(is, requests);
        const client = { clientAddress: outside, clientNames: noNames, time: now };
        for (const text of addresses) {
          const clientAddress = address(text);
          const expected = differ(forSenders({ ...client, clientAddress, recipient: unlisted })) ? 1 : 0;
          assert.equal(setsWithAddress(changes, clientAddress).length, expected, text);
        }
        for (const host of names) {
          const requests = [[host], []].map((confirmed) => ({
            ...client,
            clientNames: named([host], confirmed),
            recipient: unlisted,
          }));
          assert.equal(setsWithName(changes, host).length, differ(requests.flatMap(forSenders)) ? 1 : 0, host);
        }
        for (const [localPart, host] of mailboxes) {
          const requests = [outside, address('192.0.2.77')].map((clientAddress) => ({
            ...client,
            clientAddress,
            recipient: { localPart, domain: host },
          }));
          const expected = differ(requests) ? 1 : 0;
          assert.equal(setsWithRecipient(changes, localPart, host).length, expected, `${localPart}@${host}`);
        }
      }),
      { numRuns: runs(1200) },
    );
  });

  it('reports one of client, name and recipient wherever the answer to all three together differs', () => {
    const probes = fc.array(
      fc.tuple(probeAddress, probeName, probeLocal, probeHost, fc.boolean(), fc.constantFrom(...senders)),
      { minLength: 40 },
    );
    fc.assert(
      fc.property(pair, probes, ([one, other], all) => {
        const [before, after] = [contentNow(one), contentNow(other)];
        const changes = [...comparePolicies(before, after)];
        const [was, is] = [mailPolicyOf(before), mailPolicyOf(after)];
        for (const [text, host, localPart, at, isConfirmed, sender] of all) {
          const request = {
            clientAddress: address(text),
            clientNames: named([host], isConfirmed ? [host] : []),
            recipient: { localPart, domain: at },
            time: now,
            sender,
          };
          if (answers(was, [request]) === answers(is, [request])) continue;
          const found = [
            setsWithAddress(changes, request.clientAddress),
            setsWithName(changes, host),
            setsWithRecipient(changes, localPart, at),
          ];
          assert.ok(
            found.some(({ length }) => length > 0),
            `${text} ${host} ${localPart}@${at}`,
          );
        }
      }),
      { numRuns: runs(400) },
    );
  });

  it('reports the fewest networks', () => {
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const [before, after] = [contentNow(one), contentNow(other)];
        const networks = [...comparePolicies(before, after)].filter(({ kind }) => kind === 'client-addresses');
        const known = new Map(networks.map(keysOf(before, after)).map(({ subject, says }) => [subject, says]));
        for (const [subject, says] of known) {
          const sibling = siblingOf(subject);
          assert.ok(sibling === undefined || known.get(sibling) !== says, `${subject} and its sibling are one network`);
        }
      }),
      { numRuns: runs(400) },
    );
  });

  it('finds nothing between a policy and itself, in any order of its lines', () => {
    fc.assert(
      fc.property(site, (lists) => {
        const reversed = Object.fromEntries(Object.entries(lists).map(([file, all]) => [file, [...all].reverse()]));
        assert.deepEqual([...comparePolicies(contentNow(lists), contentNow(reversed))], []);
      }),
      { numRuns: runs(200) },
    );
  });
});

/** The network of a change, and all that clients in it are answered before and after. */
function keysOf(before: PolicyContent, after: PolicyContent): (change: Change) => { subject: string; says: string } {
  const policies = [before, after].map(mailPolicyOf);
  return ({ subject }) => {
    const [first = ''] = subject.split('/');
    const asked = { clientAddress: address(first), clientNames: noNames, recipient: unlisted, time: now };
    const requests: readonly MailRequest[] = [asked, { ...asked, sender: coveredSender }];
    const answered = policies.flatMap((policy) => requests.map((request) => answer(decideMail(policy, request))));
    return { subject, says: answered.join(' ') };
  };
}

/** The network beside it, with which it would make a wider one. */
function siblingOf(subject: string): string | undefined {
  const entry = parseEntry(subject);
  if (!('kind' in entry) || entry.kind !== 'network' || entry.length === 0) return undefined;
  const { address: first, length } = entry;
  const words = [first.w0, first.w1, first.w2, first.w3];
  words[(length - 1) >>> 5] = ((words[(length - 1) >>> 5] as number) ^ (1 << (31 - ((length - 1) & 31)))) >>> 0;
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
  return formatNetwork({ address: { family: first.family, w0, w1, w2, w3 }, length });
}

/** The policy in force on its way to the command: what arrives is what was sent, wherever its tables lie in memory. */
import assert from 'node:assert/strict';
import type { ListVersions } from '../../src/lists/policy';
import { PolicyList } from '../../src/policy/entries/list';
import { comparePolicies } from '../../src/policy/sets/compare-policies';
import type { PolicyLists } from '../../src/policy/sets/policy-lists';
import { parseSettings } from '../../src/policy/settings/settings';
import { decodePolicy, disagreementsOf, encodePolicy, type TransferredPolicy } from '../../src/status/policy-transfer';
import { contentOf } from '../../testkit/policy-content';

const content = contentOf({
  localip: ['192.0.2.0/24', '!192.0.2.64/26', '2001:db8::/32', '192.0.2.8/29 from=campus.example until=2036-01-01'],
  localdomain: ['campus.example until=2036-01-01', '!guest.campus.example until=2037-01-01'],
  'relay.to': ['backup.example  [10.0.0.5]:2525', '=mail.example', 'director@institute.example', '192.0.2.7'],
  'relay.map': [
    'Connect:198.51.100 RELAY',
    'To:list.example ERROR:5.7.1:553 nobody here',
    'To:abuse@ DISCARD until=2036-01-01',
  ],
  'host.deny': ['203.0.113.0/24', 'spam.example'],
  host_list: ['local.example'],
});

function policyWith(lists: PolicyLists): TransferredPolicy {
  const { readable: settings, written } = parseSettings('smtpcheck.ini', '[relay]\nrestriction=true\n');
  const versions = Object.fromEntries(
    Object.entries(lists).map(([name, value]) => [name, { file: name, value, hash: name, fingerprint: name }]),
  ) as unknown as ListVersions;
  return { suite: '1', plugins: ['smtpcheck'], disagreements: [], settings, written, versions };
}

function listsOf({ versions }: TransferredPolicy): PolicyLists {
  return Object.fromEntries(
    Object.entries(versions).map(([name, { value }]) => [name, value]),
  ) as unknown as PolicyLists;
}

describe('a policy that is handed to the command', () => {
  it('arrives as it is, at any place in memory, without the texts of its lists', () => {
    const policy = policyWith(content.lists);
    const { local_ip } = policy.versions;
    const withText = { ...local_ip, value: { ...local_ip.value, text: 'a secret of the text' } };
    const bytes = Buffer.concat(encodePolicy({ ...policy, versions: { ...policy.versions, local_ip: withText } }));
    assert.ok(!bytes.includes('a secret of the text'));
    for (const offset of [0, 1, 2, 3, 4]) {
      const moved = new Uint8Array(bytes.length + offset);
      moved.set(bytes, offset);
      const arrived = decodePolicy(moved.subarray(offset));
      assert.deepEqual(arrived, policy);
      const after = { ...content, lists: listsOf(arrived) };
      assert.ok(new PolicyList(after.lists.local_ip).holdsEntries(Date.UTC(2100, 0)), 'an entry without an end');
      assert.ok(!new PolicyList(after.lists.local_domain).holdsNames(Date.UTC(2100, 0)));
      assert.deepEqual([...comparePolicies(content, after)], []);
    }
  });

  it('still says that a list is unavailable', () => {
    const { lists } = content;
    const bytes = Buffer.concat(encodePolicy(policyWith({ ...lists, hosts: { ...lists.hosts, available: false } })));
    assert.equal(listsOf(decodePolicy(bytes)).hosts.available, false);
  });

  it('is not taken where its end is missing', () => {
    const bytes = Buffer.concat(encodePolicy(policyWith(content.lists)));
    assert.throws(() => decodePolicy(bytes.subarray(0, bytes.length - 8)));
  });
});

describe('disagreementsOf', () => {
  const process = (worker: number, hash: string, source = 'localip') => ({
    worker,
    lists: [{ list: 'local_ip', source, hash }],
  });
  it('names each worker that has another version or source than the master', () => {
    assert.deepEqual(disagreementsOf([process(0, 'a')]), []);
    assert.deepEqual(disagreementsOf([process(0, 'a'), process(1, 'a'), process(2, 'b'), process(3, 'a', 'other')]), [
      { worker: 2, list: 'local_ip' },
      { worker: 3, list: 'local_ip' },
    ]);
  });
});

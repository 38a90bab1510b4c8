import assert from 'node:assert/strict';
import type { SourceType } from '../../../src/cli/import/source-type';
import { type Context, type Outcome, outcomeOf } from './support';

interface HarakaCase {
  readonly name: string;
  readonly type: SourceType;
  readonly text: string;
  readonly context?: Context;
  readonly becomes: Outcome;
}

const inForce: Context = { features: ['haraka-dest-domains'] };

const cases: readonly HarakaCase[] = [
  {
    name: 'relay_acl_allow: networks as the plugin matched them, bare IPv6 as the host it names',
    type: 'haraka-relay-acl',
    text: '192.0.2.7\n192.0.2.77/28\n2001:db8::5\n2001:db8:9::/48\n',
    becomes: {
      localip: ['192.0.2.7', '192.0.2.64/28', '2001:db8::5', '2001:db8:9::/48'],
      remarks: ['2 haraka-host-bits', '3 haraka-bare-ipv6'],
    },
  },
  {
    name: 'relay_acl_allow: never everybody, never what is no address',
    type: 'haraka-relay-acl',
    text: '0.0.0.0/0\n::/0\n192.0.2.0/33\nmail.example.org\n192.0.2.0/x\n',
    becomes: {
      remarks: [
        '1 refused-entry',
        '2 refused-entry',
        '3 haraka-acl-syntax',
        '4 haraka-acl-syntax',
        '5 haraka-acl-syntax',
      ],
    },
  },
  {
    name: 'relay_acl_allow: a comment beside an entry is none of it, and a slash alone no length',
    type: 'haraka-relay-acl',
    text: '192.0.2.0/24 # office\n198.51.100.7#x # y\n198.51.100.8/\nhost # 192.0.2.1\n',
    becomes: { localip: ['192.0.2.0/24', '198.51.100.7', '198.51.100.8'], remarks: ['4 haraka-acl-syntax'] },
  },
  {
    name: 'relay_acl_allow: not in force with acl=false',
    type: 'haraka-relay-acl',
    text: '192.0.2.7\n',
    context: { features: ['haraka-acl-off'] },
    becomes: { remarks: ['1 haraka-acl-off'] },
  },
  {
    name: 'relay_dest_domains.ini: exact names, with their next hop',
    type: 'haraka-dest-domains',
    text: '[domains]\na.example={"action":"accept"}\nb.example = {"action":"continue","nexthop":"192.0.2.9:2525"}\nc.example={"action":"deny"}\n[other]\nd.example={"action":"accept"}\n',
    context: inForce,
    becomes: {
      'relay.to': ['=a.example', '=b.example [192.0.2.9]:2525'],
      remarks: ['2 haraka-dest-relaying', '3 haraka-dest-relaying'],
    },
  },
  {
    name: 'relay_dest_domains.ini: not in force without dest_domains=true',
    type: 'haraka-dest-domains',
    text: '[domains]\na.example={"action":"accept"}\nany={"action":"continue","nexthop":"hub.example"}\nb.example=yes\n',
    becomes: { remarks: ['2 haraka-dest-off', '3 haraka-any-route', '4 haraka-dest-value'] },
  },
  {
    name: 'relay_dest_domains.ini: line ends as Haraka has them, and no line lost without a remark',
    type: 'haraka-dest-domains',
    text: '[domains]\ra.example={"action":"accept"}\r# old\rc.example={"action":"deny"}\rd.example={}\u2028e.example={}\rf.example\r',
    context: inForce,
    becomes: {
      'relay.to': ['=a.example'],
      remarks: ['2 haraka-dest-relaying', '5 haraka-ini-syntax', '6 haraka-ini-syntax'],
    },
  },
  {
    name: 'relay.ini: an open relay is not carried over',
    type: 'haraka-relay-ini',
    text: '[relay]\nall=true\n',
    becomes: { remarks: ['2 haraka-all'] },
  },
  {
    name: 'relay.ini: nor one with the line ends of an old Mac, nor what nobody can be sure to read',
    type: 'haraka-relay-ini',
    text: '; mine\r[relay]\rall=true\rdest_domains\u0085=true\r',
    becomes: { remarks: ['3 haraka-all', '4 haraka-ini-syntax'] },
  },
];

describe("Haraka's relay plugin", () => {
  for (const { name, type, text, context, becomes } of cases) {
    it(name, () => assert.deepEqual(outcomeOf(type, text, context), becomes));
  }
});

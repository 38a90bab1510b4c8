/** Which limits a client's recipients count against, and under which name. */
import assert from 'node:assert/strict';
import { parseLimit } from '../../src/policy/attributes/limit';
import {
  type CountedClient,
  countersOf,
  decideCounted,
  keyOf,
  type LimitPolicy,
  namesFor,
} from '../../src/policy/limits';
import { address } from '../../testkit/core';

const limit = (text: string) => {
  const parsed = parseLimit(text);
  assert.ok(parsed);
  return parsed;
};

const at = { file: 'localip', line: 3 };
const trust = { outcome: 'permit', rule: 'client-network', at } as const;
const client = limit('5/1h');
const all = limit('50/1d');
const both = { client: limit('7/1h'), all };

const policy: LimitPolicy = { mode: 'enforce', client, user: limit('9/1h'), at: {}, ipv6: 64 };
const settingless: LimitPolicy = { ...policy, client: null, user: null };

function counted(of: LimitPolicy, one: Partial<CountedClient>, ip = '192.0.2.7'): readonly string[] {
  const asked = { address: address(ip), user: undefined, trust, ...one };
  return countersOf(of, asked, ({ line }) => `entry ${line}`).map(
    (counter) => `${keyOf(counter)} ${counter.limit.recipients}`,
  );
}

const hour = 3_600_000;

const cases: readonly [string, readonly string[], readonly string[]][] = [
  ['the limit of the settings', counted(policy, {}), [`client ${hour} 192.0.2.7 5`]],
  [
    'the limit of the entry in its place',
    counted(policy, { trust: { ...trust, limits: { client: both.client } } }),
    [`client ${hour} 192.0.2.7 7`],
  ],
  [
    'both limits of the entry',
    counted(policy, { trust: { ...trust, limits: both } }),
    [`client ${hour} 192.0.2.7 7`, `entry ${24 * hour} entry 3 50`],
  ],
  [
    'a limit for all alone',
    counted(policy, { trust: { ...trust, limits: { all } } }),
    [`entry ${24 * hour} entry 3 50`],
  ],
  ['no limit', counted(settingless, {}), []],
  ['a client that is not trusted', counted(policy, { trust: undefined }), []],
  ['a client without an address', counted(policy, { address: undefined }), []],
  [
    'a user, and no client',
    counted(policy, { user: 'Boss', trust: { ...trust, limits: both } }),
    [`user ${hour} boss 9`],
  ],
  ['a user where none has a limit', counted(settingless, { user: 'boss', trust: { ...trust, limits: both } }), []],
  ['an IPv6 client by its network', counted(policy, {}, '2001:db8:1:2:3::4'), [`client ${hour} 2001:db8:1:2::/64 5`]],
  ['an IPv6 client by itself', counted({ ...policy, ipv6: 128 }, {}, '2001:db8::4'), [`client ${hour} 2001:db8::4 5`]],
  [
    'an IPv4-mapped client by its IPv4 address',
    counted(policy, {}, '::ffff:192.0.2.7'),
    [`client ${hour} 192.0.2.7 5`],
  ],
];

describe('countersOf', () => {
  for (const [name, found, expected] of cases) it(name, () => assert.deepEqual(found, expected));

  it('has one name for each way to write a user', () => {
    const names = ['boss', 'BOSS', 'ｂｏｓｓ'].map((user) => counted(policy, { user })[0]);
    assert.equal(new Set(names).size, 1);
  });
});

describe('namesFor', () => {
  for (const [text, name] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::/64', '2001:db8:1:2::/64'],
    ['Boss', 'boss'],
    ['=mail.Example', '=mail.Example'],
  ] as const) {
    it(`knows ${text} under ${name}`, () => assert.ok(namesFor(text, 64).includes(name)));
  }
});

describe('a recipient over a limit', () => {
  it('is deferred alone, by the entry or the setting', () =>
    assert.deepEqual(decideCounted({ subject: 'client', name: '192.0.2.7', limit: client, at }), {
      outcome: 'defer',
      rule: 'limit-reached',
      at,
      reply: {
        code: 450,
        enhanced: [4, 7, 1],
        text: 'Too many recipients from this client; try again later',
      },
    }));
});

/** What is asked, what is remembered, and how often next hops are asked. */
import assert from 'node:assert/strict';
import { parseSettings } from '../../src/policy/settings/settings';
import type { Verified } from '../../src/policy/verify';
import type { Hop, NextHop } from '../../src/verify/next-hop';
import { RecipientVerifier, type VerifyRequest } from '../../src/verify/verifier';
import { until } from '../../testkit/until';

const hour = 60 * 60 * 1000;
const day = 24 * hour;

/** A next hop that knows mailboxes whose name begins with `known`, without a network. */
class FakeHop {
  readonly asked: string[] = [];
  says: (recipient: string) => Verified | Promise<Verified> = (recipient) =>
    recipient.toLowerCase().startsWith('<known') ? 'known' : 'unknown';
  mayBeAsked = true;

  async ask(recipient: string): Promise<Verified> {
    this.asked.push(recipient);
    return this.says(recipient);
  }
}

function make(ini = 'rate=\n') {
  const { settings } = parseSettings('smtpcheck.ini', `[verify]\n${ini}`);
  assert.ok(settings);
  const hops = { first: new FakeHop(), second: new FakeHop() };
  const clock = { now: Date.UTC(2026, 0, 1) };
  const site = {
    hopsOf: async (): Promise<readonly Hop[]> => Object.keys(hops).map((host) => ({ host, port: 25 })),
    nextHop: ({ host }: Hop) => hops[host as keyof typeof hops] as unknown as NextHop,
  };
  const verifier = new RecipientVerifier(
    () => settings.verify,
    site,
    () => clock.now,
  );
  const verify = (recipient: string, more: Partial<VerifyRequest> = {}) =>
    verifier.verify({
      ...{ recipient: `<${recipient}>`, domain: recipient.split('@')[1] ?? '', route: undefined, timeout: 1000 },
      ...more,
    });
  /** Those asked for by somebody. */
  const asked = () => hops.first.asked.filter((one) => !one.startsWith('<smtpcheck-'));
  return { ...hops, clock, verifier, verify, asked };
}

describe('the verification of recipients', () => {
  it('asks the first next hop, and the next where that gives no answer', async () => {
    const { first, second, verify } = make();
    assert.equal(await verify('known@a.example'), 'known');
    assert.deepEqual(second.asked, []);
    first.says = () => 'unsure';
    assert.equal(await verify('known2@a.example'), 'known');
    assert.equal(await verify('nobody@a.example'), 'unknown');
    second.says = () => 'unsure';
    assert.equal(await verify('other@a.example'), 'unsure');
  });

  it('remembers who is known for 31 days, and who is not for three hours, in any case', async () => {
    const { clock, verify, asked } = make();
    await verify('known@a.example');
    await verify('nobody@a.example');
    clock.now += 3 * hour;
    assert.equal(await verify('KNOWN@a.example'), 'known');
    assert.equal(await verify('Nobody@a.example'), 'unknown');
    assert.equal(asked().length, 2);
    clock.now += 1;
    assert.equal(await verify('nobody@a.example'), 'unknown');
    assert.equal(asked().length, 3);
  });

  it('asks again after seven days where one is used, and nobody waits', async () => {
    const { first, clock, verify, asked } = make();
    await verify('known@a.example');
    clock.now += 7 * day;
    await verify('known@a.example');
    assert.equal(asked().length, 1);
    clock.now += 1;
    first.says = () => new Promise(() => {});
    assert.equal(await verify('known@a.example'), 'known');
    assert.equal(await verify('known@a.example'), 'known');
    await until('it is asked', () => asked().length === 2);
    clock.now += 24 * day - 1;
    assert.equal(await verify('known@a.example'), 'known');
    clock.now += 1;
    void verify('known@a.example');
    assert.equal(asked().length, 2, 'what is being asked is asked once');
  });

  it('forgets one that has gone', async () => {
    const { first, clock, verify, asked } = make();
    await verify('known@a.example');
    clock.now += 8 * day;
    first.says = () => 'unknown';
    assert.equal(await verify('known@a.example'), 'known');
    await until('it is asked', () => asked().length === 2);
    assert.equal(await verify('known@a.example'), 'unknown');
  });

  it('keeps to what it knew where the next hop gives no clear answer', async () => {
    const { first, second, clock, verify } = make();
    await verify('known@a.example');
    clock.now += 8 * day;
    for (const hop of [first, second]) hop.says = () => 'unsure';
    assert.equal(await verify('known@a.example'), 'known');
    assert.equal(await verify('known@a.example'), 'known');
    assert.equal(await verify('other@a.example'), 'unsure');
  });

  it('asks once for all who want to know', async () => {
    const { first, verify, asked } = make();
    let answer = (_: Verified) => {};
    first.says = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const all = Promise.all([verify('known@a.example'), verify('Known@A.example'), verify('known@a.example')]);
    await until('it is asked', () => asked().length === 1);
    first.says = () => 'unknown';
    answer('known');
    assert.deepEqual(await all, ['known', 'known', 'known']);
    assert.equal(asked().length, 1);
  });

  it('asks no more than the rate allows, and knows whom it knew', async () => {
    const { verifier, verify, asked } = make('rate=10/1m\n');
    await verify('known@a.example');
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => verify(`x${i}@a.example`)));
    // One question was whether the domain accepts everything.
    assert.equal(asked().length, 9);
    assert.equal(answers.filter((one) => one === 'unknown').length, 8);
    assert.equal(answers.filter((one) => one === 'unasked').length, 992);
    assert.equal(await verify('known@a.example'), 'known');
    const { questions, remembered, unasked } = verifier.counts;
    assert.deepEqual(
      { questions, remembered, unasked },
      { questions: { known: 1, unknown: 9, unsure: 0 }, remembered: 1, unasked: 992 },
    );
  });

  it('uses nothing of the rate up for a next hop that is down', async () => {
    const { first, second, verify, asked } = make('rate=2/1m\n');
    for (const hop of [first, second]) hop.mayBeAsked = false;
    for (let i = 0; i < 10; i++) assert.equal(await verify(`x${i}@a.example`), 'unsure');
    assert.equal(asked().length, 0);
    first.mayBeAsked = true;
    assert.equal(await verify('x@a.example'), 'unknown');
  });

  it('asks once a day whether a domain knows everybody, and then not at all', async () => {
    const { first, clock, verifier, verify, asked } = make();
    first.says = () => 'known';
    assert.equal(await verify('one@a.example'), 'known');
    await until('it is found out', () => verifier.answers.find('a.example')?.result === 'accepts-all');
    for (let i = 0; i < 10; i++) assert.equal(await verify(`x${i}@a.example`), 'known');
    assert.equal(asked().length, 1);
    assert.match(first.asked[1] ?? '', /^<smtpcheck-[0-9a-f]{24}@a\.example>$/);
    assert.deepEqual(verifier.counts.cache.acceptAll, ['a.example']);
    // It may have become another one.
    first.says = (recipient) => (recipient.startsWith('<known') ? 'known' : 'unknown');
    clock.now += day + 1;
    assert.equal(await verify('one@a.example'), 'unknown');
    assert.equal(await verify('known@a.example'), 'known');
    assert.deepEqual(verifier.counts.cache.acceptAll, []);
    assert.equal(await verify('x1@a.example'), 'unknown');
    assert.equal(first.asked.filter((one) => one.startsWith('<smtpcheck-')).length, 2);
  });

  it('is the master’s in a cluster', async () => {
    const { first, verifier, verify } = make();
    verifier.useMaster(async ({ recipient }) => (recipient === '<a@a.example>' ? 'known' : 'unknown'));
    assert.equal(await verify('a@a.example'), 'known');
    assert.equal(await verify('known@a.example'), 'unknown');
    assert.deepEqual(first.asked, []);
  });
});

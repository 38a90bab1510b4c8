/**
 * sendmail and Postfix from Debian beside a Haraka with this suite, all with the policy of the corpus: every case is
 * played to all three. Where they cannot be had, nothing is compared, and that is said; with `SMTPCHECK_PEERS_REQUIRED=1`
 * it is a failure.
 */
import assert from 'node:assert/strict';
import { listeners } from '../../../testkit/live/haraka';
import { installPeers } from '../servers/install';
import { onPackage } from '../servers/on-package';
import { laxerThanAll } from './compare';
import { type Measured, measure, peerCases } from './measure';
import { differencesExplained, differencesIn, type Found, measuredPart, measuredPartOfPage } from './page';

describe('the explanations of differences', () => {
  it('are about cases that exist, and each is about its own', () => {
    const ids = new Set(peerCases.map(({ id }) => id));
    const explained = differencesExplained().map(({ id, peer }) => `${id} ${peer}`);
    assert.deepEqual(
      differencesExplained().filter(({ id }) => !ids.has(id)),
      [],
    );
    assert.equal(new Set(explained).size, explained.length);
  });
});

const peers = listeners.includes('ipv6') ? installPeers() : { missing: 'no IPv6 loopback, which a case comes from' };

onPackage('smtpcheck beside sendmail and Postfix', peers, ({ roots }) => {
  let measured: readonly Measured[];

  before(async () => {
    measured = await measure(roots);
  });
  after(() => {
    console.log(tableOf(differencesIn(measured ?? [])));
  });

  it('takes nothing that both refuse, except mail that the corpus calls legitimate', () => {
    const taken = measured
      .filter(({ played }) => played.expect !== 'accept')
      .flatMap(({ played, outcomes: { smtpcheck, sendmail, postfix } }) =>
        laxerThanAll(smtpcheck, [sendmail, postfix]).map((what) => `${played.id}: ${what}`),
      );
    assert.deepEqual(taken, []);
  });

  it('refuses no legitimate mail that both take', () => {
    const refused = measured
      .filter(({ played }) => played.expect === 'accept')
      .flatMap(({ played, outcomes: { smtpcheck, sendmail, postfix } }) =>
        sendmail.queued
          .filter((recipient) => postfix.queued.includes(recipient) && !smtpcheck.queued.includes(recipient))
          .map((recipient) => `${played.id}: ${recipient}`),
      );
    // Its route would come back to us; a machine behind us may still read it otherwise.
    assert.deepEqual(refused, ['sh-legit-26: user%local.example@local.example']);
  });

  it('has an explanation for every difference', () => {
    assert.deepEqual(without(differencesIn(measured), differencesExplained()), []);
  });

  it('explains no difference that is none', () => {
    assert.deepEqual(without(differencesExplained(), differencesIn(measured)), []);
  });

  it('is described in docs/dev/peers.md as it was measured', () => {
    assert.equal(measuredPartOfPage(), measuredPart(measured), 'run npm run update:peers');
  });
});

function without(some: readonly Found[], others: readonly Found[]): readonly string[] {
  const known = new Set(others.map(textOf));
  return some.map(textOf).filter((text) => !known.has(text));
}

function textOf({ id, peer, difference }: Found): string {
  return `${id}: ${difference} beside ${peer}`;
}

function tableOf(found: readonly Found[]): string {
  const ids = [...new Set(found.map(({ id }) => id))];
  const cell = (id: string, peer: string) =>
    found.find((one) => one.id === id && one.peer === peer)?.difference ?? 'agree';
  const rows = ids.map((id) => [id, cell(id, 'sendmail'), cell(id, 'postfix')]);
  const lines = [['case', 'sendmail', 'Postfix'], ...rows].map((cells) =>
    cells
      .map((text) => text.padEnd(18))
      .join('')
      .trimEnd(),
  );
  return `\n${lines.join('\n')}\n${peerCases.length - ids.length} other cases: all three agree.\n`;
}

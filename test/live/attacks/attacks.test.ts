/**
 * Every case of the attack corpus against a running Haraka of each version. The replies are checked, and then the
 * queue: whatever a reply said, a stranger must never get a message queued for somebody he may not send to.
 */
import assert from 'node:assert/strict';
import {
  type Case,
  type Client,
  clientOf,
  configuration,
  type Expectation,
  expectationOf,
  mailboxOf,
  type RawExpectation,
  readCases,
  satisfies,
  strangerMayReach,
  withoutEcho,
} from '../../../testkit/live/corpus';
import { type CorpusSite, startCorpusSite } from '../../../testkit/live/corpus-site';
import { Dialogue } from '../../../testkit/live/dialogue';
import { listeners, type QueuedMessage, type RunningHaraka } from '../../../testkit/live/haraka';
import { noIpv6, withoutIpv6 } from '../../../testkit/live/ipv6';
import { connect, isAccepted, type Reply, type SmtpClient } from '../../../testkit/live/smtp-client';
import { runsInFull, supportedVersions } from '../../../testkit/live/versions';
import { exceptions } from './corpus-exceptions';
import { explained, replayLog, seeds } from './replayed-log';

const cases = readCases();
/** docs/reference/cli-replay.md says when. */
/** Haraka 3.1 takes a recipient with a character that the log escapes. */
const undeterminedOfCorpus = ['client-names', 'own-address', 'escaped-recipient'];
const NOBODY = 'zz9-nosuch@local.example';

describe('the list of exceptions to the corpus', () => {
  it('names cases that exist', () => {
    const ids = new Set(cases.map(({ id }) => id));
    for (const { id } of exceptions) assert.ok(ids.has(id), id);
  });
});

for (const version of supportedVersions) {
  describe(`the attack corpus against Haraka ${version}`, () => {
    let site: CorpusSite;
    before(async () => {
      site = await startCorpusSite(version);
    });
    after(() => site?.stop());

    for (const [number, written] of cases.entries()) {
      const exception = exceptions.find(({ id, version: only }) => id === written.id && (only ?? version) === version);
      if (!runsInFull(version) && !exception) continue;
      const attack: Case = { ...written, ...exception };
      const from = clientOf(number, attack);
      if (!listeners.includes(from.listener)) {
        it(`${attack.id}: ${noIpv6}`, withoutIpv6);
        continue;
      }
      it(`${attack.id}: ${attack.why}${exception ? ` EXCEPTION: ${exception.reason}` : ''}`, async () => {
        const before = await queueIds(site.haraka);
        const client = await connectAs(site.haraka, from);
        const dialogue = new Dialogue(client);
        try {
          await introduce(dialogue, attack);
          if (attack.raw) await playRaw(dialogue, attack, attack.raw);
          else await playEnvelope(dialogue, attack);
          await dialogue.send();
          await dialogue.leave();
          checkQueue(attack, dialogue.delivered, await newInQueue(site.haraka, before));
        } catch (error) {
          if (error instanceof Error) error.message += `\n${client.transcript}`;
          throw error;
        } finally {
          client.destroy();
        }
      });
    }

    describe('its log, replayed', () => {
      it('under the same policy reports no change, and little that is undetermined', async () => {
        const { code, report, decisions } = await replayLog(site.haraka, site.haraka.log());
        assert.deepEqual([code, report.changes, report.unreadable], [0, [], 0]);
        for (const { reason } of report.undetermined) assert.ok(undeterminedOfCorpus.includes(reason), reason);
        const undetermined = report.undetermined.reduce((sum, { decisions: count }) => sum + count, 0);
        assert.equal(report.unchanged + undetermined, decisions.length);
        assert.ok(undetermined * 20 < decisions.length, JSON.stringify(report.undetermined));
      });

      it('with a network taken out of localip says of its clients that a name might still permit them', async () => {
        const { report, decisions } = await replayLog(site.haraka, site.haraka.log(), {
          localip: (configuration.localip ?? '').replace('127.9\n', ''),
        });
        // Anyone may send to backup.example.
        const concerned = decisions.filter(
          ({ rule, ip, rcpt }) =>
            rule === 'client-network' && ip.startsWith('127.9.') && !rcpt.endsWith('@backup.example>'),
        );
        const undetermined = report.undetermined.find(({ reason }) => reason === 'client-names');
        assert.ok(concerned.length > 0 || !runsInFull(version));
        assert.equal(report.closes, 0);
        assert.equal(undetermined?.likely.closes ?? 0, concerned.length);
      });

      for (const seed of seeds) {
        it(`with ${seed.name} reports exactly the sessions that it concerns`, async () => {
          const { code, report, decisions, folder } = await replayLog(site.haraka, site.haraka.log(), seed.files);
          const concerned = decisions.filter(seed.concerns);
          assert.ok(concerned.length > 0 || !runsInFull(version));
          assert.equal(code, concerned.length > 0 ? 1 : 0);
          assert.ok(report.changes.every(({ effect }) => effect === seed.effect));
          assert.equal(report[seed.effect], concerned.length);
          for (const { example, after } of report.changes) {
            assert.ok(concerned.some(({ ip, rcpt }) => ip === example.ip && rcpt === example.rcpt));
            // What explain plays ends as the replay says.
            const [, reply = ' is relayed'] = /^(?:refuse|defer) (.*)$/.exec(after.verdict) ?? [];
            const isOfTrust = example.rcpt === '' && seed.effect === 'closes' && after.verdict.startsWith('may not');
            const played = await explained(example.command, folder);
            assert.ok(isOfTrust ? !played.includes(' is relayed') : played.includes(reply), `${reply} in ${played}`);
          }
        });
      }
    });
  });
}

function connectAs(haraka: RunningHaraka, { address, listener }: Client): Promise<SmtpClient> {
  const server = listener === 'ipv6' ? '::1' : '127.0.0.1';
  return connect({ port: haraka.ports[listener] ?? 0, host: server, localAddress: address });
}

async function introduce(dialogue: Dialogue, { helo }: Case): Promise<void> {
  if (helo) assert.ok(isAccepted(await dialogue.command(`EHLO ${helo}`)), 'EHLO');
}

async function playRaw(dialogue: Dialogue, attack: Case, raw: readonly string[]): Promise<void> {
  const replies: Reply[][] = [];
  for (const [index, lines] of raw.entries()) {
    const expected = [attack.raw_expect?.[index] ?? 'any'].flat();
    const received = await dialogue.group(lines, expected.length);
    replies.push([...received]);
    for (const [position, reply] of received.entries()) {
      check(reply, expected[position] ?? 'any', `reply ${position} to ${JSON.stringify(lines)}`);
    }
  }
  if (attack.expect === 'no-disclosure') await checkDisclosure(dialogue, attack, raw, replies.flat());
}

// A single probe is held against the same probe for a name that nobody has.
async function checkDisclosure(dialogue: Dialogue, attack: Case, raw: readonly string[], replies: readonly Reply[]) {
  const told = raw.map((line, index) => withoutEcho(replies[index] as Reply, line));
  for (const index of attack.compare ?? []) assert.equal(told[index], told[attack.compare?.[0] ?? 0]);
  if (attack.compare) return;
  for (const [index, line] of raw.entries()) {
    const control = line.replace(/\s\S+$/, ` ${NOBODY}`);
    assert.equal(told[index], withoutEcho(await dialogue.command(control), control));
  }
}

async function playEnvelope(dialogue: Dialogue, attack: Case): Promise<void> {
  const mail = await dialogue.command(`MAIL FROM:<${attack.mail}>`);
  assert.ok(isAccepted(mail) || attack.expect !== 'accept', `MAIL: ${mail.code}`);
  for (const [index, recipient] of attack.rcpts.entries()) {
    check(await dialogue.command(`RCPT TO:<${recipient}>`), expectationOf(attack, index), recipient);
  }
  await dialogue.send();
}

function check(reply: Reply, wanted: Expectation | RawExpectation, what: string): void {
  if (!satisfies(reply, wanted)) assert.fail(`${what}: ${reply.code} ${reply.text}, and not ${wanted}`);
}

async function queueIds(haraka: RunningHaraka): Promise<ReadonlySet<string>> {
  return new Set((await haraka.queued()).map(({ id }) => id));
}

async function newInQueue(haraka: RunningHaraka, before: ReadonlySet<string>): Promise<readonly QueuedMessage[]> {
  return (await haraka.queued()).filter(({ id }) => !before.has(id));
}

function checkQueue(attack: Case, delivered: readonly string[], messages: readonly QueuedMessage[]): void {
  const queued = messages.flatMap(({ recipients }) => recipients).map(mailboxOf);
  assert.deepEqual(queued.sort(), delivered.map(mailboxOf).sort(), 'queued, against what the replies promised');

  const wanted = attack.rcpts.filter((_, index) => expectationOf(attack, index) === 'accept').map(mailboxOf);
  if (!attack.raw)
    assert.deepEqual(
      wanted.filter((recipient) => !queued.includes(recipient)),
      [],
      'lost',
    );
  if (attack.client.startsWith('trusted')) return;

  const unwanted = attack.rcpts.filter((recipient) => !wanted.includes(mailboxOf(recipient))).map(mailboxOf);
  const forbidden = (recipient: string) =>
    (attack.expect !== 'no-disclosure' && unwanted.includes(recipient)) ||
    (!wanted.includes(recipient) && !strangerMayReach(recipient));
  assert.deepEqual(queued.filter(forbidden), [], 'queued although this client may not send there');
}

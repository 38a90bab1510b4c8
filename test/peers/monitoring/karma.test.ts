/** haraka-plugin-karma, which Haraka brings along, with the shipped snippet and a real Redis: refusals stay, and change the score. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { harakaPackage } from '../../../examples/haraka-directory';
import { rules } from '../../../src/status/rules';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { connectBehindProxy } from '../../../testkit/live/proxied';
import { eventually, said } from '../../../testkit/live/talk';
import { onRedis } from '../redis/on-redis';
import { RedisServer } from '../redis/server';
import { monitoringFile } from './examples';

/** The awards of the snippet: property, operator, value, award. */
const awards = [...monitoringFile('karma.ini').matchAll(/^\d+ = smtpcheck +\|(.*)$/gm)].map(([, columns = '']) =>
  columns.split('|').map((column) => column.trim()),
);

function awardFor(rule: string): number {
  const of = awards.filter(([, operator, value = '']) =>
    operator === 'equals' ? value === rule : new RegExp(value, 'i').test(rule),
  );
  return of.reduce((sum, [, , , award]) => sum + Number(award), 0);
}

onRedis('haraka-plugin-karma beside this suite', (root) => {
  let redis: RedisServer;
  let haraka: RunningHaraka;

  before(async () => {
    redis = await RedisServer.start(root);
    haraka = await startHaraka({
      plugins: ['redis', 'karma', 'smtpcheck', 'rcpt_to.in_host_list'],
      files: {
        host_list: 'local.example\n',
        'host.deny': '2001:db8:0:4::/64\n',
        'redis.ini': `[server]\nhost=127.0.0.1\nport=${redis.port}\n[pubsub]\nhost=127.0.0.1\nport=${redis.port}\n`,
        'karma.ini': `${monitoringFile('karma.ini')}\n[tarpit]\ndelay=0.01\n`,
        'connection.ini': fs
          .readFileSync(path.join(harakaPackage('3.3'), 'config', 'connection.ini'), 'utf8')
          .replace(/^hosts\[\] *=.*$/m, 'hosts[] = 127.0.0.1'),
      },
    });
  });
  after(async () => {
    await haraka?.stop();
    await redis?.remove();
  });

  /** What the client of a connection is told, and the score that karma has given it at the end. karma leaves private addresses alone. */
  async function connection(
    client: string,
    commands: readonly string[],
  ): Promise<{ readonly replies: readonly string[]; readonly score: number }> {
    const told = haraka.log().length;
    const session = await connectBehindProxy({ port: haraka.port, client });
    const replies = [said(session.greeting)];
    for (const command of commands) replies.push(said(await session.command(command)));
    // karma hears of results by way of Redis.
    await new Promise((resolve) => setTimeout(resolve, 300));
    session.write('QUIT\r\n');
    await session.waitForClose();
    const scores = await eventually(
      (found) => found.length > 0,
      async () => [
        ...haraka
          .log()
          .slice(told)
          .matchAll(/\[karma\] .*\bscore: (-?[\d.]+)/g),
      ],
    );
    return { replies, score: Number(scores.at(-1)?.[1]) };
  }

  const hello = ['EHLO client.example', 'MAIL FROM:<someone@sender.example>'];

  it('leaves a refused relay attempt refused, and changes the score by what the snippet says', async () => {
    const plain = await connection('2001:db8::8:1', [...hello, 'RCPT TO:<user@local.example>']);
    assert.match(plain.replies.at(-1) ?? '', /^250 /);
    const relaying = await connection('2001:db8::8:2', [...hello, 'RCPT TO:<user@victim.example>']);
    assert.equal(relaying.replies.at(-1), '550 5.7.1 Relaying denied');
    const routed = await connection('2001:db8::8:3', [...hello, 'RCPT TO:<user%victim.example@local.example>']);
    assert.match(routed.replies.at(-1) ?? '', /^550 /);
    assert.deepEqual(
      [relaying.score - plain.score, routed.score - plain.score],
      [awardFor('relay-denied'), awardFor('routed-local-part')],
    );
    assert.ok(awardFor('relay-denied') < 0);
    const asking = await connection('2001:db8::8:4', [...hello, 'RCPT TO:<user@local.example>', 'EXPN staff']);
    assert.match(asking.replies.at(-1) ?? '', /^502 /);
    assert.equal(asking.score - plain.score, awardFor('noexpn'));
    assert.doesNotMatch(haraka.log(), /smtpcheck fault/);
  });

  it('counts an attempt once in a connection', async () => {
    const once = await connection('2001:db8::8:5', [...hello, 'RCPT TO:<user@victim.example>']);
    const often = Array.from({ length: 4 }, (_, n) => `RCPT TO:<user${n}@victim.example>`);
    assert.equal((await connection('2001:db8::8:6', [...hello, ...often])).score, once.score);
  });

  it('lets a client stay denied at its greeting', async () => {
    const session = await connectBehindProxy({ port: haraka.port, client: '2001:db8:0:4::1' });
    assert.equal(said(session.greeting), '554 5.7.1 Access denied');
    session.destroy();
  });

  it('would let it in without the suite among the excluded plugins', async () => {
    haraka.write('karma.ini', monitoringFile('karma.ini').replace(', smtpcheck', ''));
    await eventually(
      (greeting) => greeting.startsWith('220 '),
      async () => {
        const session = await connectBehindProxy({ port: haraka.port, client: '2001:db8:0:4::1' });
        session.destroy();
        return said(session.greeting);
      },
    );
  });

  it('has awards for rules that refuse', () => {
    const refusing: readonly string[] = Object.values(rules).flatMap(({ refuse }) => refuse);
    assert.ok(awards.length >= 4);
    for (const [property, operator, value = ''] of awards) {
      assert.equal(property, 'fail');
      const pattern = operator === 'equals' ? new RegExp(`^${value}$`) : new RegExp(value);
      assert.ok(
        refusing.some((rule) => pattern.test(rule)),
        value,
      );
    }
  });
});

/**
 * smtp-source, Postfix's own load generator, plays to a Haraka with this suite and large lists: every message is taken,
 * by its word and by Haraka's. How fast is printed beside a bare Haraka, and nothing is asserted of it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { addressList, domainList, fileOf } from '../../bench/lists';
import { type DnsStub, startDns } from '../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../testkit/live/haraka';
import { eventually } from '../../testkit/live/talk';
import { environmentOf } from './servers/install';
import { onPeers } from './servers/on-package';

const entries = 100_000;
const sessions = 8;
const messages = 200;
const rounds = 2;
const warmUp = 2 * sessions;
/** A message that is refused ends smtp-source at once; this is for one that hangs. */
const patience = 60_000;

interface Play {
  readonly name: string;
  readonly server: 'bare' | 'suite';
  /** smtp-source comes from 127.0.0.1, which no list knows. */
  readonly to: string;
  /** One message a connection, as strangers come, or all over one, as a mail server with much to send. */
  readonly connections: 'each' | 'one';
  /** Where it must be afterwards; what is local is discarded. */
  readonly outbound?: true;
}

const plays: readonly Play[] = [
  { name: 'bare Haraka, to a local domain', server: 'bare', to: 'user@local.example', connections: 'each' },
  { name: 'with the suite, to a local domain', server: 'suite', to: 'user@local.example', connections: 'each' },
  { name: 'bare Haraka, over open connections', server: 'bare', to: 'user@local.example', connections: 'one' },
  { name: 'with the suite, over open connections', server: 'suite', to: 'user@local.example', connections: 'one' },
  {
    name: 'with the suite, to a domain of relay.to',
    server: 'suite',
    to: 'user@backup.example',
    connections: 'each',
    outbound: true,
  },
  {
    name: 'with the suite, to a domain of relay.map',
    server: 'suite',
    to: 'user@mapped.example',
    connections: 'one',
    outbound: true,
  },
];

onPeers('smtp-source beside this suite', ['postfix'], ({ postfix: root }) => {
  const seconds = new Map<string, number>();
  let dns: DnsStub;
  const servers: Partial<Record<Play['server'], RunningHaraka>> = {};

  before(async () => {
    dns = await startDns();
    const common = { dns: dns.port, env: { YES_REALLY_DO_DISCARD: '1' } };
    const local = ['rcpt_to.in_host_list', 'queue/discard'];
    const files = { host_list: 'local.example\n', 'log.ini': '[main]\nlevel=notice\n' };
    servers.bare = await startHaraka({ ...common, plugins: local, files });
    servers.suite = await startHaraka({
      ...common,
      plugins: ['smtpcheck', ...local],
      files: { ...files, ...largeLists() },
    });
  });
  after(async () => {
    console.log(tableOf(seconds));
    for (const server of Object.values(servers)) await server.stop();
    await dns?.stop();
  });

  for (const play of plays) {
    it(`has every message taken: ${play.name}`, async () => {
      await assertTaken(play, warmUp);
    });
  }

  // In turns, so that whatever else the machine does meanwhile hits all alike.
  it(`has every message taken, in ${rounds} rounds of ${messages} messages each`, async () => {
    for (let round = 0; round < rounds; round++) {
      for (const play of plays) {
        const took = await assertTaken(play, messages);
        seconds.set(play.name, (seconds.get(play.name) ?? 0) + took);
      }
    }
  });

  it('has every message for other domains in its outbound queue, and no other one', async () => {
    const outbound = plays.filter((play) => play.outbound);
    const queued = await servers.suite?.queued();
    assert.equal(queued?.length, outbound.length * (warmUp + rounds * messages));
    const domains = new Set(queued?.flatMap(({ recipients }) => recipients.map((one) => one.replace(/.*@/, ''))));
    assert.deepEqual([...domains].sort(), ['backup.example', 'mapped.example']);
  });

  async function assertTaken(play: Play, count: number): Promise<number> {
    const server = servers[play.server] as RunningHaraka;
    server.clearLog();
    const took = await smtpSource(root, server.port, play, count);
    const told = await eventually(
      ({ taken, putOff, refused }) => taken + putOff + refused >= count,
      async () => messagesIn(server.log()),
    );
    assert.deepEqual(told, { taken: count, putOff: 0, refused: 0 });
    return took;
  }
});

/** Resolves with the seconds it took; rejects where a reply was another than mail that is taken gets. */
function smtpSource(root: string, port: number, { to, connections }: Play, count: number): Promise<number> {
  const given = ['-4', '-s', sessions, '-m', count, '-l', 2000, '-M', 'source.sender.example'];
  const addresses = ['-f', 'someone@sender.example', '-N', '-t', to];
  const reuse = connections === 'one' ? ['-d'] : [];
  const start = performance.now();
  return new Promise((resolve, reject) => {
    execFile(
      path.join(root, 'usr/sbin/smtp-source'),
      [...given.map(String), ...addresses, ...reuse, `127.0.0.1:${port}`],
      { env: environmentOf(root), timeout: patience },
      (error, _out, complaint) =>
        error || complaint ? reject(error ?? new Error(complaint)) : resolve((performance.now() - start) / 1000),
    );
  });
}

/** What Haraka itself says of each connection when it is over. */
function messagesIn(log: string): { taken: number; putOff: number; refused: number } {
  const told = { taken: 0, putOff: 0, refused: 0 };
  for (const [, taken, putOff, refused] of log.matchAll(/ disconnect .* msgs=(\d+)\/(\d+)\/(\d+)/g)) {
    told.taken += Number(taken);
    told.putOff += Number(putOff);
    told.refused += Number(refused);
  }
  return told;
}

function largeLists(): Record<string, string> {
  const domains = domainList(entries);
  const addresses = fileOf(addressList(entries));
  return {
    localip: addresses,
    localdomain: fileOf(domains),
    'relay.to': fileOf(['backup.example', ...domains]),
    'relay.map': `To:mapped.example RELAY\n${domains.map((domain) => `To:${domain} REJECT\n`).join('')}`,
    'host.deny': addresses,
  };
}

function tableOf(seconds: ReadonlyMap<string, number>): string {
  const rows = [...seconds].map(([name, took]) => {
    const rate = Math.round((rounds * messages) / took);
    return `${name.padEnd(44)}${String(rate).padStart(8)} messages a second`;
  });
  return `\nsmtp-source, ${sessions} sessions at a time, ${entries} entries a list:\n${rows.join('\n')}\n`;
}

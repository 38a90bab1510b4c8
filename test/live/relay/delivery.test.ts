/**
 * Where mail goes, with the plugins that accept and queue it on real sites: every message is followed to the servers that
 * take it. A stranger, a client in `localip` and one that has authenticated send to our own domain, elsewhere, and both.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { harakaPackage } from '../../../examples/haraka-directory';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type HarakaVersion, type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { type Sink, startSink, type TakenMessage } from '../../../testkit/live/sink';
import { eventually, load, open, rcpt, send, type Visit } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const OK = /^250 /;
const exchange = '192.0.2.10';

/** Servers that mail can end at. `world` is the exchange of every domain elsewhere. */
interface Servers {
  readonly world: Sink;
  readonly lmtp: Sink;
  readonly backend: Sink;
}

type Server = keyof Servers | 'qmail';

/** Where a message of each client ends, by kind of recipient. */
interface Ends {
  readonly local: Server;
  /** What a client that may relay sends elsewhere. */
  readonly relayed?: Server;
}

interface Setup {
  readonly name: string;
  readonly plugins: readonly string[];
  readonly files?: (servers: Servers) => Readonly<Record<string, string>>;
  readonly ends: Ends;
  /** A recipient of ours, and the recipient that the server is given for it. */
  readonly local?: string;
  readonly given?: string;
  /** How the client without AUTH that may relay is trusted: by our list, unless another plugin does it. */
  readonly localip?: string;
}

const lmtp = ({ lmtp }: Servers) => ({ 'lmtp.ini': `host=127.0.0.1\nport=${lmtp.port}\n` });
const forward =
  (more = '') =>
  ({ backend }: Servers) => ({ 'smtp_forward.ini': `host=127.0.0.1\nport=${backend.port}\n${more}` });

const setups: readonly Setup[] = [
  {
    name: 'rcpt_to.in_host_list and queue/lmtp',
    plugins: ['rcpt_to.in_host_list', 'queue/lmtp'],
    files: lmtp,
    ends: { local: 'lmtp' },
  },
  {
    name: 'rcpt_to.in_host_list and queue/smtp_forward',
    plugins: ['rcpt_to.in_host_list', 'queue/smtp_forward'],
    files: forward(),
    ends: { local: 'backend' },
  },
  {
    name: 'queue/smtp_forward that checks recipients',
    plugins: ['queue/smtp_forward'],
    files: (servers) =>
      forward(`check_recipient=true\n[local.example]\nhost=127.0.0.1\nport=${servers.backend.port}\n`)(servers),
    ends: { local: 'backend' },
  },
  {
    name: 'queue/smtp_forward with enable_outbound',
    plugins: ['rcpt_to.in_host_list', 'queue/smtp_forward'],
    files: forward('enable_outbound=true\n'),
    ends: { local: 'backend', relayed: 'backend' },
  },
  {
    name: 'queue/qmail-queue',
    plugins: ['rcpt_to.in_host_list', 'queue/qmail-queue'],
    files: () => ({ 'qmail-queue.ini': '[main]\nenable_outbound=false\n' }),
    ends: { local: 'qmail' },
  },
  {
    name: 'queue/qmail-queue with enable_outbound',
    plugins: ['rcpt_to.in_host_list', 'queue/qmail-queue'],
    ends: { local: 'qmail', relayed: 'qmail' },
  },
  {
    name: 'haraka-plugin-recipient-routes, for a mailbox whose domain is in no list',
    plugins: ['recipient-routes', 'queue/smtp_forward'],
    files: (servers) => ({
      ...forward()(servers),
      host_list: '',
      'rcpt_to.routes.ini': `[redis]\nenabled=false\n[routes]\nuser@mailboxes.example=lmtp://127.0.0.1:${servers.lmtp.port}\n`,
    }),
    local: 'user@mailboxes.example',
    // Its route is for what goes out.
    ends: { local: 'backend' },
  },
  {
    name: 'aliases',
    plugins: ['aliases', 'rcpt_to.in_host_list', 'queue/lmtp'],
    files: (servers) => ({
      ...lmtp(servers),
      'aliases.json': JSON.stringify({
        sales: { action: 'alias', to: 'user@local.example' },
        nobody: { action: 'drop' },
      }),
    }),
    local: 'sales@local.example',
    given: 'user@local.example',
    ends: { local: 'lmtp' },
  },
  {
    name: 'the stock relay plugin, which trusts the client',
    plugins: ['relay', 'rcpt_to.in_host_list', 'queue/lmtp'],
    files: (servers) => ({ ...lmtp(servers), 'relay.ini': '[relay]\nacl=true\n', relay_acl_allow: '127.9.0.0/16\n' }),
    localip: '',
    ends: { local: 'lmtp' },
  },
  {
    name: 'the stock relay plugin, which accepts everything',
    plugins: ['relay', 'rcpt_to.in_host_list', 'queue/lmtp'],
    files: (servers) => ({ ...lmtp(servers), 'relay.ini': '[relay]\nacl=false\nall=true\n' }),
    ends: { local: 'lmtp' },
  },
];

function qmailMessages(haraka: RunningHaraka): readonly TakenMessage[] {
  const folder = path.join(haraka.directory, 'qmail');
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8')) as TakenMessage);
}

interface Sender {
  readonly name: string;
  readonly from?: string;
  readonly auth?: true;
  /** Whom it may write to elsewhere. */
  readonly elsewhere: string;
}

const senders: readonly Sender[] = [
  { name: 'a stranger', elsewhere: 'user@backup.example' },
  { name: 'a trusted client', from: '127.9.0.1', elsewhere: 'user@victim.example' },
  { name: 'a client that has authenticated', auth: true, elsewhere: 'user@victim.example' },
];

const credentials = Buffer.from('\0user\0secret').toString('base64');

interface Running {
  readonly haraka: RunningHaraka;
  readonly servers: Servers;
  readonly stub: DnsStub;
  stop(): Promise<void>;
}

async function start(version: HarakaVersion, setup: Setup): Promise<Running> {
  const servers = { world: await startSink(), lmtp: await startSink(), backend: await startSink() };
  const toTheWorld = { MX: [[10, 'mx.elsewhere.example']] as [number, string][] };
  const stub = await startDns({
    'victim.example': toTheWorld,
    'backup.example': toTheWorld,
    'sender.example': toTheWorld,
    'mx.elsewhere.example': { A: [exchange] },
    // What a message of ours must never be looked up for.
    'local.example': { MX: [[10, 'mx.local.example']] },
    'mailboxes.example': { MX: [[10, 'mx.local.example']] },
    'mx.local.example': { A: ['127.0.0.1'] },
  });
  const haraka = await startHaraka({
    version,
    plugins: ['smtpcheck', 'divert', 'auth/flat_file', ...setup.plugins],
    files: {
      host_list: 'local.example\n',
      localip: setup.localip ?? '127.9\n',
      'relay.to': 'backup.example\n',
      'outbound.ini': 'enable_tls=false\n',
      'auth_flat_file.ini': '[core]\nmethods=PLAIN\nconstrain_sender=false\n[users]\nuser=secret\n',
      'qmail-queue.path': 'plugins/qmail_queue.js\n',
      ...setup.files?.(servers),
    },
    // The newest one reads addresses as Haraka 3.3 has them.
    ...(version === '3.1' && { pluginPackages: { 'recipient-routes': 'recipient-routes-3.1' } }),
    dns: stub.port,
    env: { SMTPCHECK_TEST_DIVERT: JSON.stringify({ [exchange]: servers.world.port }) },
  });
  return {
    haraka,
    servers,
    stub,
    async stop() {
      await haraka.stop();
      for (const sink of Object.values(servers)) await sink.stop();
      await stub.stop();
    },
  };
}

/** Opens a transaction, with AUTH where the sender has it. */
async function begin(haraka: RunningHaraka, { from, auth }: Pick<Sender, 'from' | 'auth'>, mail?: string) {
  const visit: Visit = { ...(from && { from }), ...(mail !== undefined && { mail }) };
  if (!auth) return open(haraka, visit);
  const client = await open(haraka, { ...visit, helo: 'client.example' });
  await client.command('RSET');
  assert.equal((await client.command(`AUTH PLAIN ${credentials}`)).code, 235);
  await client.command(`MAIL FROM:<${mail ?? 'someone@sender.example'}>`);
  return client;
}

/** `lmtp user@local.example`, one line for each recipient of the message with this subject. */
function endedAt({ haraka, servers }: Running, subject: string): readonly string[] {
  const all: readonly (readonly [string, readonly TakenMessage[]])[] = [
    ...Object.entries(servers).map(([name, { messages }]) => [name, messages] as const),
    ['qmail', qmailMessages(haraka)],
  ];
  return all
    .flatMap(([name, messages]) =>
      messages
        .filter(({ text }) => text.includes(`\nSubject: ${subject}`))
        .flatMap(({ recipients }) => recipients.map((recipient) => `${name} ${recipient}`)),
    )
    .sort();
}

const outboundHeader = /^Received: \(Haraka outbound\)/gm;

for (const version of versions) {
  for (const setup of setups) {
    describe(`mail through Haraka ${version} with ${setup.name}`, () => {
      let running: Running;
      before(async () => {
        running = await start(version, setup);
      });
      after(() => running?.stop());

      const { ends, local = 'user@local.example', given = local } = setup;
      for (const sender of senders) {
        const relayedTo = sender.elsewhere.includes('backup') ? 'world' : (ends.relayed ?? 'world');
        const rows = [
          { kind: 'local', to: [local], expected: [`${ends.local} ${given}`] },
          { kind: 'relayed', to: [sender.elsewhere], expected: [`${relayedTo} ${sender.elsewhere}`] },
          {
            kind: 'mixed',
            to: [sender.elsewhere, local],
            expected: [`${ends.local} ${given}`, `${relayedTo} ${sender.elsewhere}`],
          },
          {
            kind: 'mixed the other way round',
            to: [local, sender.elsewhere],
            expected: [`${ends.local} ${given}`, `${relayedTo} ${sender.elsewhere}`],
          },
        ];
        for (const { kind, to, expected } of rows) {
          it(`of ${sender.name} for ${kind} recipients ends where it should, once`, async () => {
            const { haraka } = running;
            const subject = `${sender.name}, ${kind}`;
            const client = await begin(haraka, sender);
            for (const recipient of to) assert.match(await rcpt(client, recipient), OK, recipient);
            assert.match(await send(client, subject), OK);
            client.destroy();
            await eventually(
              (ended) => ended.length >= expected.length,
              async () => endedAt(running, subject),
            );
            await eventually(
              (queued) => queued.length === 0,
              () => haraka.queued(),
            );
            assert.deepEqual(endedAt(running, subject), [...expected].sort());
            const { world, backend } = running.servers;
            for (const { text } of [...world.messages, ...backend.messages, ...qmailMessages(haraka)]) {
              assert.ok((text.match(outboundHeader) ?? []).length <= 1, text);
            }
            for (const { text } of [...(relayedTo === 'backend' ? [] : backend.messages), ...qmailMessages(haraka)]) {
              assert.doesNotMatch(text, outboundHeader, 'a header of the outbound queue is in the local copy');
            }
          });
        }
      }

      if (setup.plugins.includes('aliases')) {
        for (const { name, to, ended } of [
          { name: 'drops a backup recipient', to: ['nobody@backup.example'], ended: [] },
          {
            name: 'drops one recipient of each kind, and no other',
            to: ['nobody@backup.example', 'sales@local.example', 'nobody@local.example', 'user@backup.example'],
            ended: ['lmtp user@local.example', 'world user@backup.example'],
          },
        ]) {
          it(`${name}, where the plugin wants it`, async () => {
            const client = await begin(running.haraka, {});
            for (const recipient of to) assert.match(await rcpt(client, recipient), OK, recipient);
            assert.match(await send(client, name), OK);
            client.destroy();
            await eventually(
              (now) => now.length >= ended.length,
              async () => endedAt(running, name),
            );
            await eventually(
              (queued) => queued.length === 0,
              () => running.haraka.queued(),
            );
            assert.deepEqual(endedAt(running, name), ended);
          });
        }
      }

      it('has met no fault', () => {
        assert.doesNotMatch(running.haraka.log(), /smtpcheck fault|Caught exception|unhandled|plugin timeout/);
      });
    });
  }
}

/** Signs what goes out, and keeps each message on disk while it is being handled. */
function signing(): Readonly<Record<string, string>> {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const defaults = fs.readFileSync(path.join(harakaPackage('3.3'), 'config', 'connection.ini'), 'utf8');
  return {
    'dkim.ini': '[sign]\nenabled=true\n[verify]\nenabled=false\n',
    'dkim/sender.example/private': privateKey,
    'dkim/sender.example/selector': 'test\n',
    'connection.ini': defaults.replace('; spool_after=', 'spool_after=0'),
  };
}

for (const version of versions) {
  describe(`a message of Haraka ${version} for our own domain and for another`, () => {
    const ours = 'user@local.example';
    const theirs = 'user@victim.example';
    const trusted = '127.9.0.1';
    let running: Running;

    before(async () => {
      running = await start(version, {
        name: '',
        plugins: ['dkim', 'policy_outbound', 'rcpt_to.in_host_list', 'queue/smtp_forward'],
        files: (servers) => ({ ...forward()(servers), ...signing() }),
        ends: { local: 'backend' },
      });
    });
    after(() => running?.stop());
    afterEach(() => {
      running.servers.backend.refuse = () => undefined;
    });

    /** The reply to the message. */
    async function mail(
      to: readonly string[],
      subject: string,
      {
        from = trusted,
        sender,
        body = '',
      }: { readonly from?: string; readonly sender?: string; readonly body?: string } = {},
    ): Promise<string> {
      const client = await begin(running.haraka, { from }, sender);
      for (const recipient of to) assert.match(await rcpt(client, recipient), OK, recipient);
      const reply = await send(client, `${subject}\n\n${body}`, 'From: someone@sender.example\n');
      client.destroy();
      return reply;
    }

    const ends = (subject: string, expected: readonly string[]) =>
      eventually(
        (ended) => JSON.stringify(ended) === JSON.stringify(expected),
        async () => endedAt(running, subject),
      );

    function messageAt({ messages }: Sink, subject: string): TakenMessage {
      const message = messages.find(({ text }) => text.includes(`\nSubject: ${subject}`));
      assert.ok(message, `${subject} was not taken`);
      return message;
    }

    it('arrives whole at both, and each copy has the headers of its own way', async () => {
      const body = Array.from({ length: 3000 }, (_, i) => `${i % 7 === 0 ? '.' : ''}line ${i} of the message`).join(
        '\n',
      );
      assert.match(await mail([ours, theirs], 'both', { body }), OK);
      await ends('both', [`backend ${ours}`, `world ${theirs}`]);
      const [local, relayed] = [running.servers.backend, running.servers.world].map(
        (sink) => messageAt(sink, 'both').text,
      );
      const bodyOf = (text = '') => text.slice(text.indexOf('\n\n'));
      assert.equal(bodyOf(local), bodyOf(relayed));
      assert.ok(bodyOf(local).includes('line 2999 of'));
      assert.match(relayed ?? '', /^DKIM-Signature: /m);
      assert.match(relayed ?? '', outboundHeader);
      assert.doesNotMatch(local ?? '', /^DKIM-Signature: /m);
      assert.doesNotMatch(local ?? '', outboundHeader);
      for (const text of [local, relayed]) assert.equal(text?.match(/^Received: from client\.example/gm)?.length, 1);
    });

    it('is put off whole while our own server cannot take it, and then comes once', async () => {
      running.servers.backend.refuse = () => '450 4.2.1 try later';
      assert.match(await mail([ours, theirs], 'later'), /^450 .*try later/);
      assert.deepEqual(endedAt(running, 'later'), []);
      assert.deepEqual(await running.haraka.queued(), []);
      running.servers.backend.refuse = () => undefined;
      assert.match(await mail([ours, theirs], 'later'), OK);
      await ends('later', [`backend ${ours}`, `world ${theirs}`]);
    });

    it('goes to the other, and a bounce to the sender, where our own server refuses it for good', async () => {
      running.servers.backend.refuse = (recipient) =>
        recipient.startsWith('nobody') ? '550 5.1.1 no such user' : undefined;
      const reply = await mail(['nobody@local.example', theirs], 'refused');
      assert.match(
        reply,
        /^250 Message queued, but refused for 1 of 2 recipients, which a bounce reports: .*no such user/,
      );
      await eventually(
        (messages) => messages.some(({ sender, text }) => sender === '' && text.includes('Subject: refused')),
        async () => running.servers.world.messages,
      );
      const bounce = running.servers.world.messages.find(({ sender }) => sender === '') as TakenMessage;
      assert.deepEqual(bounce.recipients, ['someone@sender.example']);
      assert.match(bounce.text, /nobody@local\.example/);
      assert.match(bounce.text, /no such user/);
      assert.doesNotMatch(bounce.text, /No MX/);
      const relayed = running.servers.world.messages.filter(
        ({ sender, text }) => sender !== '' && text.includes('refused'),
      );
      assert.deepEqual(
        relayed.map(({ recipients }) => recipients),
        [[theirs]],
      );
    });

    it('is refused, and nothing of it sent, where both parts are', async () => {
      running.servers.backend.refuse = () => '550 5.1.1 no such user';
      const reply = await mail([ours, theirs], 'nowhere', { sender: 'outbound-refused@sender.example' });
      assert.match(reply, /^550 .*no such user/);
      assert.deepEqual(endedAt(running, 'nowhere'), []);
    });

    it('goes to our own, and a bounce to the sender, where a plugin does not let it out', async () => {
      const sender = 'outbound-refused@sender.example';
      assert.match(
        await mail([ours, theirs], 'inside', { sender }),
        /^250 Message queued, but refused for 1 of 2 recipients, which a bounce reports: not from you/,
      );
      await eventually(
        (messages) =>
          messages.some(({ recipients, text }) => recipients.includes(sender) && text.includes('not from you')),
        async () => running.servers.world.messages,
      );
      assert.ok(endedAt(running, 'inside').includes(`backend ${ours}`));
      assert.ok(!endedAt(running, 'inside').includes(`world ${theirs}`));
    });

    it('is put off where a plugin does not let it out for now', async () => {
      const sender = 'outbound-later@sender.example';
      assert.match(await mail([ours, theirs], 'not yet', { sender }), /^450 not now/);
      assert.ok(!endedAt(running, 'not yet').includes(`world ${theirs}`));
    });

    it('goes by host_list as it is now', async () => {
      await load(running.haraka, 'host_list', 'local.example\nvictim.example\n');
      assert.match(await mail([ours, theirs], 'both ours'), OK);
      await ends('both ours', [`backend ${ours}`, `backend ${theirs}`]);
      await load(running.haraka, 'host_list', 'local.example\n');
    });

    it('is sent out whole with local_delivery=false, and a stranger is served as before', async () => {
      await load(running.haraka, 'smtpcheck.ini', '[relay]\nlocal_delivery=false\n');
      await load(running.haraka, 'relay.to', 'backup.example\nlocal.example\n');
      running.stub.change({ 'local.example': { MX: [[10, 'mx.elsewhere.example']] } });
      assert.match(await mail([ours, theirs], 'all out'), OK);
      await ends('all out', [`world ${theirs}`, `world ${ours}`].sort());
      const to = [ours, 'user@backup.example'];
      assert.match(await mail(to, 'of a stranger', { from: '127.66.0.1' }), OK);
      await ends('of a stranger', [`backend ${ours}`, 'world user@backup.example']);
    });

    it('has met no fault', () => {
      assert.doesNotMatch(running.haraka.log(), /smtpcheck fault|Caught exception|unhandled|plugin timeout/);
    });
  });
}

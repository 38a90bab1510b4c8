/** Who may relay, as mail servers on the other side see it: replies, what other plugins see, and what is queued. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import type { SmtpClient } from '../../../testkit/live/smtp-client';
import {
  askFor,
  deliver,
  eventually,
  greet,
  load,
  open,
  queuedAs,
  rcpt,
  said,
  send,
  type Visit,
} from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const client = {
  listed: '127.9.0.1',
  excluded: '127.9.66.1',
  lab: '127.50.0.1',
  secondName: '127.50.0.2',
  forgedLab: '127.50.0.3',
  guestLab: '127.50.0.4',
  capitals: '127.50.0.5',
  forged: '127.51.0.1',
  named: '127.51.0.2',
  nameless: '127.51.0.3',
  unresolved: '127.51.0.4',
  mapped: '127.70.0.1',
  mapRejected: '127.70.1.1',
};

const zone = {
  [client.lab]: ['lab1.campus.example'],
  'lab1.campus.example': { A: [client.lab] },
  [client.secondName]: ['www.elsewhere.example', 'lab2.campus.example'],
  'www.elsewhere.example': { A: [client.secondName] },
  'lab2.campus.example': { A: [client.secondName] },
  [client.forgedLab]: ['lab3.campus.example'],
  'lab3.campus.example': { A: ['127.50.0.99'] },
  [client.guestLab]: ['pc.guest.campus.example'],
  'pc.guest.campus.example': { A: [client.guestLab] },
  [client.capitals]: ['LAB5.Campus.EXAMPLE'],
  'lab5.campus.example': { A: [client.capitals] },
  [client.forged]: ['mail.bank.example'],
  'mail.bank.example': { A: ['192.0.2.1'] },
  [client.named]: ['mail.sender.example'],
  'mail.sender.example': { A: [client.named] },
  [client.unresolved]: { answer: 'SERVFAIL' as const },
  '127.66.0.1': ['host.stranger.example'],
  'host.stranger.example': { A: ['127.66.0.1'] },
};

const localip = '127.9\n!127.9.66\n';
const files = {
  host_list: 'local.example\n',
  localip,
  localdomain: 'campus.example\n!guest.campus.example\n',
  'relay.to': [
    'backup.example # we are its second MX',
    '!secret.backup.example',
    '=only.example',
    'postbox@mailboxes.example',
    '192.0.2.25',
    '2001:db8::25',
  ].join('\n'),
  'relay.map': [
    'To:mapped.example           RELAY',
    'To:rejected.example         REJECT',
    'To:dropped.example          DISCARD',
    'To:error.example            ERROR:5.7.2:551 Go elsewhere',
    'To:busy.example             450 Come back tomorrow',
    'To:fine.mapped.example      OK',
    'To:trap@mapped.example      REJECT',
    'Connect:127.70.0            RELAY',
    'Connect:127.70.1            550 5.7.9 Not from there',
  ].join('\n'),
  'auth_flat_file.ini': '[core]\nmethods=CRAM-MD5\nconstrain_sender=false\n[users]\ntest=secret\n',
};

const OK = /^250 /;
const DENIED = '550 5.7.1 Relaying denied';

interface Row {
  readonly name: string;
  readonly from?: string;
  readonly replies: Readonly<Record<string, RegExp | string>>;
}

const rows: readonly Row[] = [
  {
    name: 'lets a client of a listed network send anywhere, and its neighbours not',
    from: client.listed,
    replies: { 'user@victim.example': OK },
  },
  {
    name: 'knows an exclusion inside a listed network',
    from: client.excluded,
    replies: { 'user@victim.example': DENIED },
  },
  {
    name: 'lets a client of a listed domain send anywhere',
    from: client.lab,
    replies: { 'user@victim.example': OK },
  },
  {
    name: 'finds the listed name among the later PTR names',
    from: client.secondName,
    replies: { 'user@victim.example': OK },
  },
  {
    name: 'does not believe a listed name that does not lead back',
    from: client.forgedLab,
    replies: { 'user@victim.example': `${DENIED}. IP name possibly forged [${client.forgedLab}]` },
  },
  {
    name: 'knows an exclusion inside a listed domain',
    from: client.guestLab,
    replies: { 'user@victim.example': DENIED },
  },
  {
    name: 'tells a client whose name is forged',
    from: client.forged,
    replies: { 'user@victim.example': `${DENIED}. IP name possibly forged [${client.forged}]` },
  },
  {
    name: 'gives no reason to a client whose name is in order',
    from: client.named,
    replies: { 'user@victim.example': DENIED },
  },
  {
    name: 'tells a client that has no name',
    from: client.nameless,
    replies: { 'user@victim.example': `${DENIED}. IP name lookup failed [${client.nameless}]` },
  },
  {
    name: 'puts a client off whose name cannot be looked up just now',
    from: client.unresolved,
    replies: {
      'user@victim.example': `450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for ${client.unresolved}`,
      'user@local.example': OK,
    },
  },
  {
    name: 'admits listed domains for anybody',
    replies: {
      'user@backup.example': OK,
      'user@sub.backup.example': OK,
      'user@secret.backup.example': DENIED,
      'user@notbackup.example': DENIED,
    },
  },
  {
    name: 'admits exactly the name after =',
    replies: { 'user@only.example': OK, 'user@sub.only.example': DENIED },
  },
  {
    name: 'admits exactly the mailbox that is listed',
    replies: {
      'postbox@mailboxes.example': OK,
      'PostBox@Mailboxes.Example': OK,
      'nobody@mailboxes.example': DENIED,
    },
  },
  {
    name: 'admits listed address literals',
    replies: {
      'user@[192.0.2.25]': OK,
      'user@[192.0.2.26]': DENIED,
      'user@[IPv6:2001:db8::25]': OK,
      'user@[IPv6:2001:db8::26]': DENIED,
    },
  },
  {
    name: 'follows relay.map by recipient',
    replies: {
      'user@mapped.example': OK,
      'user@sub.mapped.example': OK,
      'user@fine.mapped.example': DENIED,
      'trap@mapped.example': '550 5.7.1 Access denied',
      'user@rejected.example': '550 5.7.1 Access denied',
      'user@error.example': '551 5.7.2 Go elsewhere',
      'user@busy.example': '450 4.7.1 Come back tomorrow',
    },
  },
  {
    name: 'follows relay.map by client: RELAY',
    from: client.mapped,
    replies: { 'user@victim.example': OK },
  },
  {
    name: 'follows relay.map by client: a refusal, which speaks of relaying only',
    from: client.mapRejected,
    replies: {
      'user@victim.example': '550 5.7.9 Not from there',
      'user@mapped.example': '550 5.7.9 Not from there',
      'user@local.example': OK,
    },
  },
  {
    name: 'takes mail for a postmaster without a domain',
    replies: { postmaster: OK, Postmaster: OK, root: /^5/ },
  },
  {
    name: 'refuses strangers a route in the local part, whatever the domain',
    replies: {
      'user%victim.example@local.example': DENIED,
      'victim.example!user@backup.example': DENIED,
      '"user@victim.example"@local.example': DENIED,
      'list-return-5=user=victim.example@local.example': OK,
    },
  },
  {
    name: 'lets trusted clients write what they like',
    from: client.listed,
    replies: { 'user%victim.example@local.example': OK },
  },
];

for (const version of versions) {
  describe(`relaying through Haraka ${version}`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;

    before(async () => {
      stub = await startDns(zone);
      const plugins = ['smtpcheck', 'auth/flat_file', 'rcpt_to.in_host_list', 'witness', 'keep_queue'];
      haraka = await startHaraka({ version, plugins, files, dns: stub.port });
    });
    after(async () => {
      await haraka?.stop();
      await stub?.stop();
    });

    for (const { name, from, replies } of rows) {
      it(name, async () => {
        const visit: Visit = from ? { from } : {};
        for (const [recipient, wanted] of Object.entries(replies)) {
          const reply = await askFor(haraka, recipient, visit);
          if (typeof wanted === 'string') assert.equal(reply, wanted, recipient);
          else assert.match(reply, wanted, recipient);
        }
      });
    }

    it('tells other plugins at once of trust by address and by the name that Haraka found', async () => {
      for (const [from, relaying] of [
        [client.listed, true],
        [client.lab, true],
        [client.capitals, true],
        [client.secondName, false],
        [client.forgedLab, false],
        [client.nameless, false],
      ] as const) {
        await askFor(haraka, 'user@local.example', { from });
        const [first] = await eventually(
          (hooks) => hooks.length > 0,
          async () => seenFrom(haraka, from),
        );
        assert.deepEqual([first?.hook, first?.relaying], ['connect', relaying], from);
      }
    });

    it('queues mail of trusted clients to go out', async () => {
      await deliver(haraka, ['user@victim.example'], 'trusted', { from: client.listed });
      assert.deepEqual(await queuedAs(haraka, 'trusted'), ['outbound user@victim.example']);
      await deliver(haraka, ['user@victim.example'], 'second name', { from: client.secondName });
      assert.deepEqual(await queuedAs(haraka, 'second name'), ['outbound user@victim.example']);
    });

    it('queues backup mail to go out beside a local queue plugin, and never touches relaying', async () => {
      const from = '127.66.1.1';
      const done = await deliver(haraka, ['one@backup.example', 'two@only.example', 'x@[192.0.2.25]'], 'backup', {
        from,
      });
      assert.match(done, OK);
      assert.deepEqual(await queuedAs(haraka, 'backup'), [
        'outbound one@backup.example',
        'outbound two@only.example',
        'outbound x@[192.0.2.25]',
      ]);
      const seen = await eventually(
        (hooks) => hooks.some(({ hook }) => hook === 'data_post'),
        async () => seenFrom(haraka, from),
      );
      assert.ok(
        seen.every(({ relaying }) => !relaying),
        JSON.stringify(seen),
      );
      assert.ok(!haraka.log().includes('"hook":"queue_outbound","ip":"127.66.1.1"'));
    });

    it('leaves local mail to the local queue plugin', async () => {
      assert.match(await deliver(haraka, ['user@local.example'], 'local'), OK);
      assert.deepEqual(await queuedAs(haraka, 'local'), ['local user@local.example']);
      assert.match(await deliver(haraka, ['postmaster'], 'postmaster'), OK);
      assert.deepEqual(await queuedAs(haraka, 'postmaster'), ['local postmaster']);
    });

    it('accepts and drops what relay.map discards', async () => {
      assert.match(await deliver(haraka, ['one@dropped.example', 'two@dropped.example'], 'dropped'), OK);
      assert.deepEqual(await queuedAs(haraka, 'dropped'), []);
      assert.deepEqual(await queuedAs(haraka, 'local'), ['local user@local.example']);
    });

    it('never grants one destination because of another', async () => {
      const session = await open(haraka);
      assert.match(await rcpt(session, 'user@backup.example'), OK);
      assert.equal(await rcpt(session, 'user@victim.example'), DENIED);
      assert.match(await rcpt(session, 'other@backup.example'), OK);
      assert.equal(await rcpt(session, 'user@victim.example'), DENIED);
      assert.match(await send(session, 'order'), OK);
      await session.command('MAIL FROM:<someone@sender.example>');
      assert.equal(await rcpt(session, 'user@victim.example'), DENIED);
      session.destroy();
      assert.deepEqual(await queuedAs(haraka, 'order'), [
        'outbound other@backup.example',
        'outbound user@backup.example',
      ]);
    });

    for (const [recipients, queued] of [
      [
        ['user@local.example', 'user@backup.example', 'other@local.example'],
        ['local other@local.example', 'local user@local.example', 'outbound user@backup.example'],
      ],
      [['user@dropped.example', 'user@backup.example'], ['outbound user@backup.example']],
      [
        ['user@backup.example', 'user@dropped.example', 'user@local.example'],
        ['local user@local.example', 'outbound user@backup.example'],
      ],
      [['user@dropped.example'], []],
    ] as const) {
      it(`sends each recipient its own way: ${recipients.join(', ')}`, async () => {
        const subject = `own way ${recipients.join(' ')}`;
        assert.match(await deliver(haraka, recipients, subject), OK);
        assert.deepEqual(await queuedAs(haraka, subject), queued);
      });
    }

    it('takes recipients of every kind in one transaction from trusted clients, and keeps ours here', async () => {
      const recipients = ['user@local.example', 'user@victim.example', 'user@backup.example'];
      assert.match(await deliver(haraka, recipients, 'every kind', { from: client.listed }), OK);
      assert.deepEqual(await queuedAs(haraka, 'every kind'), [
        'local user@local.example',
        'outbound user@backup.example',
        'outbound user@victim.example',
      ]);
    });

    it('takes mail to an address literal of this host, whoever sends it, and to no other literal', async () => {
      for (const from of [undefined, client.listed]) {
        const subject = `literal ${from ?? 'of a stranger'}`;
        assert.match(await deliver(haraka, ['user@[127.0.0.1]'], subject, from ? { from } : {}), OK);
        assert.deepEqual(await queuedAs(haraka, subject), ['local user@[127.0.0.1]']);
      }
      assert.equal(await askFor(haraka, 'user@[192.0.2.77]'), DENIED);
    });

    it('lets AUTH relay, and fails who has the wrong password', async () => {
      const session = await greet(haraka, { from: client.nameless });
      assert.equal((await authenticate(session, 'wrong')).slice(0, 3), '535');
      await session.command('MAIL FROM:<someone@sender.example>');
      assert.equal((await rcpt(session, 'user@victim.example')).slice(0, 3), '550');
      // Inside a transaction Haraka would grant it to that one alone.
      await session.command('RSET');
      assert.match(await authenticate(session, 'secret'), /^235/);
      await session.command('MAIL FROM:<someone@sender.example>');
      assert.match(await rcpt(session, 'user@victim.example'), OK);
      assert.match(await send(session, 'authenticated'), OK);
      session.destroy();
      assert.deepEqual(await queuedAs(haraka, 'authenticated'), ['outbound user@victim.example']);
    });

    it('withdraws its own trust from a connection, and keeps what AUTH has earned', async () => {
      const from = client.listed;
      const plain = await open(haraka, { from });
      const idle = await greet(haraka, { from });
      const authenticated = await greet(haraka, { from });
      assert.match(await authenticate(authenticated, 'secret'), /^235/);
      assert.match(await rcpt(plain, 'before@victim.example'), OK);
      await load(haraka, 'localip', '# nobody\n');
      try {
        await idle.command('MAIL FROM:<someone@sender.example>');
        for (const session of [plain, idle]) {
          const reply = await rcpt(session, 'after@victim.example');
          assert.equal(reply, '421 4.7.1 Relaying permission has changed, please reconnect');
          assert.ok(await session.waitForClose());
        }
        assert.equal(
          await askFor(haraka, 'user@victim.example', { from }),
          `${DENIED}. IP name lookup failed [${from}]`,
        );
        for (let transaction = 0; transaction < 2; transaction++) {
          await authenticated.command('MAIL FROM:<someone@sender.example>');
          assert.match(await rcpt(authenticated, 'user@victim.example'), OK);
        }
        assert.match(haraka.log(), /smtpcheck trust withdrawn from 127\.9\.0\.1/);
      } finally {
        await load(haraka, 'localip', localip);
        for (const session of [plain, idle, authenticated]) session.destroy();
      }
    });

    it('trusts a client again that is listed again', async () => {
      assert.match(await askFor(haraka, 'user@victim.example', { from: client.listed }), OK);
      const session = await open(haraka, { from: '127.52.0.1' });
      assert.match(await rcpt(session, 'user@victim.example'), /^550 /);
      await load(haraka, 'localip', `${localip}127.52\n`);
      assert.match(await rcpt(session, 'user@victim.example'), OK);
      await load(haraka, 'localip', localip);
      assert.match(await rcpt(session, 'user@victim.example'), /^550 /);
      session.destroy();
    });

    it('leaves traces: a log line with the entry, and results', async () => {
      await deliver(haraka, ['user@backup.example'], 'traces', { from: '127.66.2.1', helo: 'traces.example' });
      await askFor(haraka, 'user@victim.example', { from: '127.66.2.1' });
      const permitted = await haraka.waitForLog(/smtpcheck permit.*127\.66\.2\.1/);
      for (const part of ['rule=destination', 'at=relay.to:1', 'generation=', 'helo=traces.example', 'rcpt=']) {
        assert.ok(permitted.includes(part), `${part} in ${permitted}`);
      }
      const refused = await haraka.waitForLog(/smtpcheck refuse.*127\.66\.2\.1/);
      for (const part of ['rule=relay-denied', 'from=', 'reason="550 5.7.1 Relaying denied']) {
        assert.ok(refused.includes(part), `${part} in ${refused}`);
      }
      await haraka.waitForLog(/"hook":"data_post","ip":"127\.66\.2\.1".*"pass":\["destination"/);
    });

    it('names in the log the exclusion that refused', async () => {
      for (const [from, recipient, said] of [
        [client.excluded, 'exclusion@victim.example', 'rule=client-excluded at=localip:2'],
        [client.guestLab, 'exclusion@victim.example', 'rule=client-excluded at=localdomain:2'],
        [client.named, 'exclusion@secret.backup.example', 'rule=destination-excluded at=relay.to:2'],
      ] as const) {
        haraka.clearLog();
        assert.equal(await askFor(haraka, recipient, { from }), DENIED);
        const refusal = await haraka.waitForLog(/smtpcheck refuse/);
        assert.ok(refusal.includes(said) && refusal.includes(`reason="${DENIED}"`), `${said} in ${refusal}`);
      }
    });

    it('with restriction=false refuses only what relay.map says, and Haraka still relays for nobody', async () => {
      await load(haraka, 'smtpcheck.ini', `[relay]\nrestriction=false\n[dns]\nservers=127.0.0.1:${stub.port}\n`);
      const reply = await askFor(haraka, 'user@victim.example');
      assert.match(reply, /^550 I cannot deliver mail for/);
      assert.match(await askFor(haraka, 'user@backup.example'), OK);
      assert.match(await askFor(haraka, 'user@victim.example', { from: client.listed }), OK);
      assert.match(await askFor(haraka, 'user%victim.example@local.example'), OK);
      await load(haraka, 'relay.map', 'To:old.example ERROR:5.1.6:551 It moved\n');
      assert.equal(await askFor(haraka, 'user@old.example'), '551 5.1.6 It moved');
    });

    it('has met no fault of its own', () => {
      assert.doesNotMatch(haraka.log(), /smtpcheck fault|failed:|unhandled|ran callback multiple/i);
    });
  });
}

interface Seen {
  readonly hook: string;
  readonly ip: string;
  readonly relaying: boolean;
}

/** What another plugin saw of a client, hook by hook. */
function seenFrom(haraka: RunningHaraka, ip: string): readonly Seen[] {
  return haraka
    .log()
    .split('\n')
    .filter((line) => line.startsWith('witness: '))
    .map((line) => JSON.parse(line.slice('witness: '.length)) as Seen)
    .filter((seen) => seen.ip === ip);
}

async function authenticate(session: SmtpClient, password: string): Promise<string> {
  const challenge = await session.command('AUTH CRAM-MD5');
  assert.equal(challenge.code, 334, said(challenge));
  const ticket = Buffer.from(challenge.text, 'base64').toString();
  const digest = createHmac('md5', password).update(ticket).digest('hex');
  return said(await session.command(Buffer.from(`test ${digest}`).toString('base64')));
}

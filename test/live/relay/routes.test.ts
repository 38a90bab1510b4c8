/** Where relayed mail goes: by its route, or to the MX hosts before this one (RFC 5321 §5.1), or nowhere for now. */
import assert from 'node:assert/strict';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { type Sink, startSink } from '../../../testkit/live/sink';
import { deliver, eventually, load, queuedAs } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const OK = /^250 /;
const trusted = '127.9.0.1';

/** Exchanges that exist: a sink stands for each. */
const better = '192.0.2.10';
const worse = '192.0.2.30';
/** Nothing answers there. */
const down = '192.0.2.20';

const hosts = {
  'better.mx.example': { A: [better] },
  'worse.mx.example': { A: [worse] },
  'down.mx.example': { A: [down] },
  // This host, by an address of its interfaces, and by a name that only the settings tell of.
  'us-by-address.example': { A: ['127.0.0.1'] },
  'nat.mx.example': { A: ['192.0.2.99'] },
};

interface Row {
  readonly name: string;
  readonly domain: string;
  /** The MX records; or how the question fails, and then the domain has an address. */
  readonly mx: readonly (readonly [number, string])[] | 'SERVFAIL' | 'drop';
  /** Which sink takes the mail; without one it stays queued. */
  readonly taker?: 'better' | 'worse';
  /** Exchanges that must not be tried. */
  readonly untried?: readonly string[];
}

const rows: readonly Row[] = [
  {
    name: 'goes to the better MX when this host, by its name, is in the middle',
    domain: 'middle.example',
    mx: [
      [10, 'better.mx.example'],
      [20, 'mx.local.example'],
      [30, 'worse.mx.example'],
    ],
    taker: 'better',
    untried: [worse],
  },
  {
    name: 'stays queued when no better MX answers, and no worse one is tried',
    domain: 'down.example',
    mx: [
      [10, 'down.mx.example'],
      [20, 'mx.local.example'],
      [20, 'better.mx.example'],
      [30, 'worse.mx.example'],
    ],
    untried: [better, worse],
  },
  {
    name: 'knows this host by its address',
    domain: 'address.example',
    mx: [
      [10, 'better.mx.example'],
      [20, 'us-by-address.example'],
      [30, 'worse.mx.example'],
    ],
    taker: 'better',
    untried: [worse],
  },
  {
    name: 'knows this host by [relay] this_host',
    domain: 'nat.example',
    mx: [
      [10, 'down.mx.example'],
      [20, 'NAT.mx.example'],
      [30, 'worse.mx.example'],
    ],
    untried: [worse],
  },
  {
    name: 'stays queued when this host is the best MX',
    domain: 'best.example',
    mx: [
      [10, 'mx.local.example'],
      [20, 'better.mx.example'],
    ],
    untried: [better],
  },
  {
    name: 'stays queued when this host shares the best place',
    domain: 'shared.example',
    mx: [
      [10, 'better.mx.example'],
      [10, 'us-by-address.example'],
    ],
    untried: [better],
  },
  {
    name: 'stays queued when this host is the only MX',
    domain: 'only.example',
    mx: [[10, 'mx.local.example']],
  },
  {
    name: 'goes to the MX as ever where this host is not among them',
    domain: 'others.example',
    mx: [
      [10, 'down.mx.example'],
      [20, 'worse.mx.example'],
    ],
    taker: 'worse',
  },
  { name: 'stays queued when the MX look-up fails', domain: 'servfail.example', mx: 'SERVFAIL', untried: [better] },
  { name: 'stays queued when the MX look-up is not answered', domain: 'silent.example', mx: 'drop', untried: [better] },
];

for (const version of versions) {
  describe(`relayed mail of Haraka ${version}`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;
    let sinks: { readonly route: Sink; readonly better: Sink; readonly worse: Sink };

    before(async () => {
      const zone = Object.fromEntries(
        rows.map(({ domain, mx }) => [
          domain,
          typeof mx === 'string' ? { A: [better], answer: { MX: mx } } : { MX: mx },
        ]),
      );
      stub = await startDns({ ...hosts, ...zone, 'inner.mx.example': { A: ['127.0.0.1'] } });
      sinks = { route: await startSink(), better: await startSink(), worse: await startSink() };
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'sabotage', 'divert', 'rcpt_to.in_host_list', 'keep_queue'],
        files: {
          // Without Haraka's own guard against mail to itself: what is tested is ours.
          'outbound.ini': 'enable_tls=false\nlocal_mx_ok=true\n',
          localip: '127.9\n',
          'relay.to': [
            `routed.example         [127.0.0.1]:${sinks.route.port}`,
            `named.example          inner.mx.example:${sinks.route.port}`,
            `broken.example         [127.0.0.1]:${sinks.route.port}`,
            `a@boxes.example        [127.0.0.1]:${sinks.route.port}`,
            `b@boxes.example        [127.0.0.1]:${sinks.better.port}`,
            `c@boxes.example        [127.0.0.1]:${sinks.route.port}`,
            'd@routed.example',
            '192.0.2.10',
            '127.0.0.1',
            ...rows.map(({ domain }) => domain),
          ].join('\n'),
          'relay.map': 'To:mapped.middle.example RELAY\n',
          'smtpcheck.ini': `[relay]\nthis_host=nat.mx.example 192.0.2.98\n[dns]\nservers=127.0.0.1:${stub.port}\ntimeout=300ms\ntries=1\n`,
          'smtpcheck.timeout': '2',
          sabotage: '',
        },
        dns: stub.port,
        env: {
          SMTPCHECK_TEST_DIVERT: JSON.stringify({ [better]: sinks.better.port, [worse]: sinks.worse.port }),
        },
      });
    });
    after(async () => {
      await haraka?.stop();
      for (const sink of Object.values(sinks ?? {})) await sink.stop();
      await stub?.stop();
    });

    const takenBy = (sink: Sink, recipient: string) =>
      eventually(
        (taken) => taken.includes(recipient),
        async () => sink.taken,
      );
    /** Haraka puts the message off, and it is in the queue then. */
    const staysQueued = async (recipient: string, subject: string, told: number) => {
      await eventually(
        (log) => /Temp failing \S+ for \d+ seconds/.test(log),
        async () => haraka.log().slice(told),
      );
      assert.deepEqual(await queuedAs(haraka, subject), [`outbound ${recipient}`]);
    };

    for (const [domain, from] of [
      ['routed.example', undefined],
      ['sub.routed.example', undefined],
      ['named.example', undefined],
      ['routed.example', trusted],
    ] as const) {
      it(`follows the route of ${domain} for ${from ? 'a trusted client' : 'anybody'}`, async () => {
        const recipient = `${from ? 'ours' : 'user'}@${domain}`;
        assert.match(await deliver(haraka, [recipient], `route ${recipient}`, from ? { from } : {}), OK);
        await takenBy(sinks.route, recipient);
        await eventually(
          (left) => left.length === 0,
          () => queuedAs(haraka, `route ${recipient}`),
        );
      });
    }

    it('follows the routes of mailboxes, of one message as well', async () => {
      const boxes = ['a@boxes.example', 'b@boxes.example', 'c@boxes.example', 'd@routed.example'];
      assert.match(await deliver(haraka, boxes, 'boxes'), OK);
      for (const recipient of ['a@boxes.example', 'c@boxes.example', 'd@routed.example']) {
        await takenBy(sinks.route, recipient);
      }
      await takenBy(sinks.better, 'b@boxes.example');
      await eventually(
        (left) => left.length === 0,
        () => queuedAs(haraka, 'boxes'),
      );
      assert.ok(!sinks.route.taken.includes('b@boxes.example'));
      assert.deepEqual(sinks.better.taken, ['b@boxes.example']);
    });

    it('follows the routes of mailboxes for a trusted client', async () => {
      const boxes = ['a@boxes.example', 'b@boxes.example', 'else@routed.example'];
      const before = sinks.better.taken.length;
      assert.match(await deliver(haraka, boxes, 'our boxes', { from: trusted }), OK);
      await takenBy(sinks.route, 'else@routed.example');
      await eventually(
        (taken) => taken.length === before + 1,
        async () => sinks.better.taken,
      );
    });

    for (const { name, domain, mx, taker, untried = [] } of rows) {
      it(name, async () => {
        const told = haraka.log().length;
        assert.match(await deliver(haraka, [`user@${domain}`], domain), OK);
        if (taker) await takenBy(sinks[taker], `user@${domain}`);
        else await staysQueued(`user@${domain}`, domain, told);
        const tried = haraka.log().slice(told);
        if (typeof mx === 'string') assert.match(tried, /get_mx plugin returned DENYSOFT/);
        for (const address of untried) assert.ok(!tried.includes(`connects to ${address}:`), `${address} was tried`);
      });
    }

    it('follows the MX rule for what relay.map permits', async () => {
      stub.change({
        'mapped.middle.example': {
          MX: [
            [10, 'better.mx.example'],
            [20, 'mx.local.example'],
          ],
        },
      });
      assert.match(await deliver(haraka, ['user@mapped.middle.example'], 'mapped'), OK);
      await takenBy(sinks.better, 'user@mapped.middle.example');
    });

    it('goes straight to a listed address literal', async () => {
      assert.match(await deliver(haraka, ['user@[192.0.2.10]'], 'literal'), OK);
      await takenBy(sinks.better, 'user@[192.0.2.10]');
    });

    it('does not send to itself by a literal, which is local although it is listed', async () => {
      assert.match(await deliver(haraka, ['user@[127.0.0.1]'], 'own literal'), OK);
      assert.deepEqual(await queuedAs(haraka, 'own literal'), ['local user@[127.0.0.1]']);
    });

    for (const how of ['throw', 'reject', 'hang', 'nothing']) {
      it(`stays queued while the choice of the next hop is broken: ${how}`, async () => {
        haraka.write('sabotage', `nextHops ${how}`);
        const told = haraka.log().length;
        const connections = sinks.route.connections;
        assert.match(await deliver(haraka, ['user@broken.example'], `broken ${how}`), OK);
        await eventually(
          (log) => log.includes('get_mx plugin returned DENYSOFT'),
          async () => haraka.log().slice(told),
        );
        haraka.write('sabotage', '');
        assert.equal(sinks.route.connections, connections);
        assert.deepEqual(await queuedAs(haraka, `broken ${how}`), ['outbound user@broken.example']);
      });
    }

    it('takes a new route for the next message', async () => {
      await load(haraka, 'relay.to', `routed.example [127.0.0.1]:${sinks.worse.port}\n`);
      assert.match(await deliver(haraka, ['moved@routed.example'], 'moved'), OK);
      await takenBy(sinks.worse, 'moved@routed.example');
    });

    it('has met no fault but those made', () => {
      assert.doesNotMatch(haraka.log(), /unhandled|Caught exception|plugin timeout/);
      const faults = haraka
        .log()
        .split('\n')
        .filter((line) => line.includes('smtpcheck fault'));
      assert.ok(faults.every((line) => line.includes('fault in get_mx')));
    });
  });
}

for (const version of versions) {
  describe(`local mail of Haraka ${version} that an LMTP server keeps`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;
    let store: Sink;

    before(async () => {
      stub = await startDns({ 'lists.best.example': { MX: [[10, 'mx.local.example']] } });
      store = await startSink();
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'queue/lmtp'],
        files: {
          host_list: 'lists.best.example\n',
          'relay.to': 'best.example [192.0.2.10]\n',
          'lmtp.ini': `host=127.0.0.1\nport=${store.port}\n`,
          'outbound.ini': 'enable_tls=false\n',
        },
        dns: stub.port,
      });
    });
    after(async () => {
      await haraka?.stop();
      await store?.stop();
      await stub?.stop();
    });

    it('gets there, whatever relay.to says of a domain above', async () => {
      const recipient = 'user@lists.best.example';
      assert.match(await deliver(haraka, [recipient], 'by LMTP'), OK);
      await eventually(
        (taken) => taken.includes(recipient),
        async () => store.taken,
      );
    });
  });
}

for (const version of versions) {
  describe(`mail that Haraka ${version} has queued before the plugin only observes`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;
    let store: Sink;

    before(async () => {
      stub = await startDns({ 'backup.example': { MX: [[10, 'mx.elsewhere.example']] } });
      store = await startSink();
      store.refuse = () => '450 4.2.1 later';
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'divert'],
        files: {
          'relay.to': ['backup', 'parted'].map((name) => `${name}.example [127.0.0.1]:${store.port}\n`).join(''),
          'outbound.ini': 'enable_tls=false\ntemp_fail_intervals=5s*9\n',
        },
        dns: stub.port,
        env: { SMTPCHECK_TEST_DIVERT: '{}' },
      });
    });
    after(async () => {
      await haraka?.stop();
      await store?.stop();
      await stub?.stop();
    });

    it('stays queued while its mailboxes have got different next hops', async () => {
      const boxes = ['a@parted.example', 'b@parted.example'];
      assert.match(await deliver(haraka, boxes, 'parted'), OK);
      await eventually(
        (log) => /Temp failing/.test(log),
        async () => haraka.log(),
      );
      const sameForAll = boxes.map((box) => `${box} [127.0.0.1]:${store.port}\n`).join('');
      await load(haraka, 'relay.to', sameForAll.replace(/:\d+\n$/, ':1\n'));
      await eventually(
        (log) => log.includes('recipients at parted.example have different next hops since the message was queued'),
        async () => haraka.log(),
      );
      assert.deepEqual(
        await queuedAs(haraka, 'parted'),
        boxes.map((box) => `outbound ${box}`),
      );
      await load(haraka, 'relay.to', `${sameForAll}backup.example [127.0.0.1]:${store.port}\n`);
    });

    it('still goes to its next hop', async () => {
      const recipient = 'user@backup.example';
      assert.match(await deliver(haraka, [recipient], 'queued before'), OK);
      await eventually(
        (log) => /Temp failing/.test(log),
        async () => haraka.log(),
      );
      await load(haraka, 'smtpcheck.ini', '[relay]\nmode=observe\n');
      store.refuse = () => undefined;
      await eventually(
        (taken) => taken.includes(recipient),
        async () => store.taken,
      );
    });
  });
}

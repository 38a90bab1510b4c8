/** Clients that are refused whatever they want: when, in which words, and by which of their names. */
import assert from 'node:assert/strict';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { askFor, eventually, greet, load, open, rcpt, said } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const OK = /^250 /;
const AT_CONNECT = '554 5.7.1 Access denied';
const AT_RCPT = '550 5.7.1 Access denied';
const local = 'user@local.example';

const client = {
  byAddress: '127.77.0.1',
  spared: '127.77.66.1',
  both: '127.9.0.1',
  forged: '127.78.0.1',
  confirmed: '127.78.0.2',
  secondName: '127.78.0.3',
  sparedName: '127.78.0.4',
  other: '127.78.0.5',
  exact: '127.78.0.6',
  belowExact: '127.78.0.7',
  unresolved: '127.78.0.8',
  oddName: '127.78.0.9',
  dotInLabel: '127.78.0.10',
};

const denied: readonly (readonly [string, string])[] = [
  ['by its address', client.byAddress],
  ['by its address although it is in localip', client.both],
  ['by a name that does not lead back', client.forged],
  ['by a name that leads back', client.confirmed],
  ['by its second name', client.secondName],
  ['by exactly this name', client.exact],
  ['by a second name that no list could hold', client.oddName],
];

const welcome: readonly (readonly [string, string])[] = [
  ['excluded by its address', client.spared],
  ['excluded by its name', client.sparedName],
  ['with another name', client.other],
  ['below a name that is listed with =', client.belowExact],
  ['without a name', '127.78.0.99'],
  ['with a dot inside a label', client.dotInLabel],
  ['whose name cannot be looked up', client.unresolved],
];

for (const version of versions) {
  describe(`host.deny with Haraka ${version}`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;
    const ini = (deny: string) => `[deny]\n${deny}\n[dns]\nservers=127.0.0.1:${stub.port}\ntimeout=300ms\n`;

    before(async () => {
      stub = await startDns({
        [client.forged]: ['mail.spam.example'],
        [client.confirmed]: ['ok.spam.example'],
        'ok.spam.example': { A: [client.confirmed] },
        [client.secondName]: ['www.fine.example', 'mail.spam.example'],
        'www.fine.example': { A: [client.secondName] },
        [client.sparedName]: ['good.spam.example'],
        [client.other]: ['notspam.example'],
        [client.exact]: ['exact.example'],
        [client.belowExact]: ['below.exact.example'],
        [client.unresolved]: { answer: 'SERVFAIL' },
        [client.oddName]: ['www.fine.example', 'bad-.spam.example'],
        [client.dotInLabel]: [String.raw`x\.spam.example`],
      });
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
        files: {
          host_list: 'local.example\n',
          localip: '127.9\n',
          'host.deny': '127.77\n!127.77.66\n127.9.0.1\nspam.example\n!good.spam.example\n=exact.example\n',
          'smtpcheck.ini': ini(''),
        },
        dns: stub.port,
      });
    });
    after(async () => {
      await haraka?.stop();
      await stub?.stop();
    });

    for (const [name, from] of denied) {
      it(`refuses at connect a client that is listed ${name}`, async () => {
        const session = await greet(haraka, { from });
        assert.equal(said(session.greeting), AT_CONNECT);
        // RFC 5321 §3.1: only QUIT is left.
        assert.equal((await session.command('EHLO client.example')).code, 554);
        assert.equal((await session.command('MAIL FROM:<>')).code, 554);
        assert.equal((await session.command('QUIT')).code, 221);
      });
    }

    for (const [name, from] of welcome) {
      it(`lets in a client ${name}`, async () => {
        assert.match(await askFor(haraka, local, { from }), OK);
      });
    }

    it('says in the log which line it was, and shows nothing of the list to the client', async () => {
      const line = await haraka.waitForLog(/smtpcheck refuse.*ip=127\.78\.0\.3/);
      assert.match(line, /rule=client-denied-domain at=host\.deny:4 /);
      assert.ok(line.includes(`reason="${AT_CONNECT}"`), line);
      assert.match(
        await haraka.waitForLog(/smtpcheck refuse.*ip=127\.77\.0\.1/),
        /rule=client-denied-network at=host\.deny:1 /,
      );
    });

    it('puts off a client whose names cannot be looked up just now, with on_dns_failure=defer', async () => {
      await load(haraka, 'smtpcheck.ini', ini('on_dns_failure=defer'));
      const session = await greet(haraka, { from: client.unresolved });
      const reply = `421 4.7.1 Access temporarily denied. Cannot resolve PTR record for ${client.unresolved}`;
      assert.equal(said(session.greeting), reply);
      assert.ok(await session.waitForClose());
      assert.ok((await haraka.waitForLog(/smtpcheck defer.*ip=127\.78\.0\.8/)).includes(`reason="${reply}"`));
      assert.equal(said((await greet(haraka, { from: client.forged })).greeting), AT_CONNECT);
    });

    it('lets it in again on a connection that is open, as soon as its names are known', async () => {
      const from = '127.78.0.11';
      await load(haraka, 'smtpcheck.ini', ini('on_dns_failure=defer\nat=rcpt'));
      stub.change({ [from]: { answer: 'SERVFAIL' } });
      const session = await open(haraka, { from });
      assert.match(await rcpt(session, local), /^450 4\.7\.1 Access temporarily denied\. Cannot resolve/);
      stub.change({ [from]: ['www.fine.example'] });
      await eventually(
        (reply) => OK.test(reply),
        () => rcpt(session, local),
      );
      session.destroy();
    });

    it('refuses with at=rcpt at each recipient, and only there', async () => {
      await load(haraka, 'smtpcheck.ini', ini('at=rcpt'));
      for (const [name, from] of denied) {
        const session = await open(haraka, { from });
        assert.equal(session.greeting.code, 220, name);
        for (const recipient of [local, 'user@victim.example', 'postmaster']) {
          assert.equal(await rcpt(session, recipient), AT_RCPT, name);
        }
        assert.equal((await session.command('DATA')).code, 503);
        session.destroy();
      }
      for (const [name, from] of welcome) assert.match(await askFor(haraka, local, { from }), OK, name);
      await load(haraka, 'smtpcheck.ini', ini('at=rcpt\non_dns_failure=defer'));
      assert.equal(
        await askFor(haraka, local, { from: client.unresolved }),
        `450 4.7.1 Access temporarily denied. Cannot resolve PTR record for ${client.unresolved}`,
      );
    });

    it('refuses the networks of a feed with ; comments, read as it is published', async () => {
      const feed = [
        '; Spamhaus DROP List 2026/11/30 - (c) 2026 The Spamhaus Project',
        '; https://www.spamhaus.org/drop/drop.txt',
        '; Expires: Tue, 01 Dec 2026 10:00:00 GMT',
        '127.80.16.0/20 ; SBL256894',
        '127.81.4.0/22 ; SBL434604 # twice',
        '!127.81.5.0/24\t; ours',
        '127.82.0.0/16 ;',
      ];
      await load(haraka, 'host.deny', `${feed.join('\r\n')}\r\n`);
      for (const from of ['127.80.16.1', '127.80.31.254', '127.81.4.1', '127.82.9.9'])
        assert.equal(await askFor(haraka, local, { from }), AT_RCPT, from);
      for (const from of ['127.80.15.254', '127.80.32.1', '127.81.5.1', '127.81.8.1'])
        assert.match(await askFor(haraka, local, { from }), OK, from);
      assert.match(await haraka.waitForLog(/smtpcheck refuse.*ip=127\.81\.4\.1/), / at=host\.deny:5 /);
      // The same feed as JSON keeps the list that is in force.
      haraka.write('host.deny', '{"cidr":"127.83.0.0/16","sblid":"SBL1"}\n{"cidr":"127.84.0.0/16","sblid":"SBL2"}\n');
      assert.match(await haraka.waitForLog(/host\.deny:1: list-format: /), /convert it with jq /);
      assert.equal(await askFor(haraka, local, { from: '127.82.9.9' }), AT_RCPT);
      assert.match(await askFor(haraka, local, { from: '127.83.0.1' }), OK);
    });

    it('asks for no names while it lists addresses only', async () => {
      await load(haraka, 'host.deny', '127.77\n');
      stub.clear();
      assert.match(await askFor(haraka, local, { from: '127.79.0.1' }), OK);
      // Haraka's own question.
      assert.deepEqual(
        stub.questions.map(({ type, name }) => `${type} ${name}`),
        ['PTR 127.79.0.1'],
      );
      assert.equal(await askFor(haraka, local, { from: client.byAddress }), AT_RCPT);
    });

    it('has met no fault of its own', () => {
      assert.doesNotMatch(haraka.log(), /smtpcheck fault|failed:|unhandled|ran callback multiple/i);
    });
  });
}

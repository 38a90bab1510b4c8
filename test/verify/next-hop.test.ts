/** Questions to a next hop, with Haraka's own SMTP client and a real server. */
import assert from 'node:assert/strict';
import type { SmtpClientModule } from '../../src/types/haraka';
import { NextHop } from '../../src/verify/next-hop';
import { keyPair } from '../../testkit/fakes/listener';
import { knowsSome, noSuchMailbox, type Primary, startPrimary } from '../../testkit/fakes/primary';
import { until } from '../../testkit/until';

const packages = { '3.1': 'haraka-3.1/smtp_client', '3.3': 'haraka/smtp_client' } as const;
const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

for (const [version, name] of Object.entries(packages)) {
  describe(`a next hop that is asked by the SMTP client of Haraka ${version}`, () => {
    const module = require(name) as SmtpClientModule;
    let primary: Primary;
    let hop: NextHop;

    const start = async (...manners: Parameters<typeof startPrimary>) => {
      primary = await startPrimary(...manners);
      hop = new NextHop({ host: '127.0.0.1', port: primary.port }, module, 'backup.example');
    };
    const ask = (recipient: string, timeout = 5000) => hop.ask(`<${recipient}>`, timeout);
    afterEach(async () => {
      hop.close();
      await primary.stop();
    });

    it('is asked as a bounce would be delivered, and nothing is sent', async () => {
      await start();
      assert.equal(await ask('known@inner.example'), 'known');
      assert.equal(await ask('nobody@inner.example'), 'unknown');
      await until('both have been asked', () => primary.heard.length === 7);
      assert.deepEqual(primary.heard, [
        'EHLO backup.example',
        'MAIL FROM:<>',
        'RCPT TO:<known@inner.example>',
        'RSET',
        'MAIL FROM:<>',
        'RCPT TO:<nobody@inner.example>',
        'RSET',
      ]);
    });

    it('is asked on two connections at most, each used again', async () => {
      await start({ rcpt: (recipient) => wait(5).then(() => knowsSome(recipient)) });
      const names = Array.from({ length: 40 }, (_, i) => `${i % 2 ? 'known' : 'nobody'}${i}@inner.example`);
      const answers = await Promise.all(names.map((one) => ask(one)));
      assert.deepEqual(
        answers,
        names.map((one) => (one.startsWith('known') ? 'known' : 'unknown')),
      );
      assert.equal(primary.most(), 2);
      assert.equal(primary.heard.filter((line) => line.startsWith('EHLO')).length, 2);
    });

    it('opens a new connection after a hundred questions', async () => {
      await start();
      for (let i = 0; i < 101; i++) assert.equal(await ask(`known${i}@inner.example`), 'known');
      assert.equal(primary.heard.filter((line) => line.startsWith('EHLO')).length, 2);
    });

    it('is asked under TLS where it offers that, whatever name its certificate has', async () => {
      await start({ keys: keyPair('test-server') });
      assert.equal(await ask('known@inner.example'), 'known');
      assert.equal(await ask('nobody@inner.example'), 'unknown');
      assert.deepEqual(primary.heard.slice(0, 4), [
        'EHLO backup.example',
        'STARTTLS',
        'EHLO backup.example',
        'MAIL FROM:<>',
      ]);
      assert.equal(primary.heard.filter((line) => line.startsWith('EHLO')).length, 2);
    });

    it('is asked by HELO where it knows no EHLO', async () => {
      await start({ isExtended: false });
      assert.equal(await ask('known@inner.example'), 'known');
      assert.deepEqual(primary.heard.slice(0, 3), ['EHLO backup.example', 'HELO backup.example', 'MAIL FROM:<>']);
    });

    it('is asked about a local part beyond ASCII only where it can take one', async () => {
      await start();
      assert.equal(await ask('known-ü@inner.example'), 'known');
      assert.ok(primary.heard.includes('MAIL FROM:<> SMTPUTF8'));
      hop.close();
      primary.manners.extensions = [];
      assert.equal(await ask('known-ö@inner.example'), 'unsure');
      assert.equal(await ask('known@inner.example'), 'known');
    });

    for (const [what, manners] of Object.entries({
      'does not want to talk to us': { greeting: '554 5.7.1 No access for backup.example' },
      'takes no null sender': { mail: '550 5.1.1 <>: Sender address rejected' },
      'refuses our address at RCPT': { rcpt: () => '554 5.7.1 <backup.example>: Client host rejected' },
      'speaks another protocol': { greeting: 'SSH-2.0-OpenSSH_9.2' },
      'speaks no protocol at all': { rcpt: () => 'what do you want' },
      'greylists us': { rcpt: () => '450 4.2.0 Greylisted' },
      'has had enough of us': { rcpt: () => '421 4.7.0 Too many errors' },
      'answers before it is asked': { mail: '250 2.1.0 Ok\r\n250 2.1.5 Ok', rcpt: () => undefined },
      'talks without an end': { rcpt: () => `250-${'x'.repeat(1 << 21)}` },
    })) {
      it(`gives no answer where it ${what}`, async () => {
        await start(manners);
        const began = performance.now();
        const answer = await ask('nobody@inner.example', 3000);
        assert.ok(performance.now() - began < 2500, 'it was waited for');
        assert.equal(answer, 'unsure');
      });
    }

    it('answers no question by what it said too much before', async () => {
      await start({ rcpt: () => [noSuchMailbox, '250 2.1.5 Ok', '250 2.1.5 Ok', '250 2.1.5 Ok'] });
      assert.equal(await ask('nobody@inner.example'), 'unknown');
      primary.manners.rcpt = knowsSome;
      assert.equal(await ask('other@inner.example'), 'unknown');
    });

    it('gives no answer where it is not there', async () => {
      await start();
      await primary.stop();
      assert.equal(await ask('known@inner.example'), 'unsure');
    });

    for (const [what, manners] of Object.entries({
      'before it greets': { greeting: '' },
      'at RCPT': { rcpt: () => undefined },
    })) {
      it(`is given up where it is silent ${what}, and tried once in a second`, async () => {
        await start(manners);
        const began = performance.now();
        assert.deepEqual(await Promise.all([ask('a@inner.example', 200), ask('b@inner.example', 300)]), [
          'unsure',
          'unsure',
        ]);
        assert.ok(performance.now() - began < 1000);
        await until('it is given up', () => !hop.mayBeAsked);
        Object.assign(primary.manners, { greeting: '220 inner.example', rcpt: knowsSome });
        assert.equal(await ask('known@inner.example'), 'unsure');
        await until('it is tried again', () => hop.mayBeAsked);
        const first = ask('known@inner.example');
        assert.equal(hop.mayBeAsked, false);
        assert.equal(await first, 'known');
        assert.equal(hop.mayBeAsked, true);
        assert.deepEqual(await Promise.all([ask('known@inner.example'), ask('c@inner.example')]), ['known', 'unknown']);
      });
    }

    it('is asked again where it has closed the connection meanwhile', async () => {
      await start();
      assert.equal(await ask('known@inner.example'), 'known');
      // A server that restarts closes without a word.
      let closes = true;
      primary.manners.rcpt = (recipient) => {
        if (!closes) return knowsSome(recipient);
        closes = false;
        primary.hangUp();
        return undefined;
      };
      assert.equal(await ask('nobody@inner.example'), 'unknown');
      assert.equal(primary.asked.filter((one) => one === 'nobody@inner.example').length, 2);
    });

    it('takes one connection where it wants no second', async () => {
      let open = 0;
      await start({
        rcpt: (recipient) => wait(20).then(() => knowsSome(recipient)),
      });
      Object.defineProperty(primary.manners, 'greeting', {
        get: () => (open++ === 0 ? '220 inner.example' : '421 4.7.0 Too many connections'),
      });
      const names = Array.from({ length: 10 }, (_, i) => `known${i}@inner.example`);
      assert.deepEqual(
        await Promise.all(names.map((one) => ask(one))),
        names.map(() => 'known'),
      );
    });

    it('says whether it knows a recipient by the code of its reply', async () => {
      await start();
      for (const [reply, said] of Object.entries({
        '251 User not local; will forward': 'known',
        '550 No such user': 'unknown',
        [noSuchMailbox]: 'unknown',
        '550-5.1.1 nobody\r\n550 5.1.1 here': 'unknown',
        '550 5.7.1 Relaying denied': 'unsure',
        '552 5.2.2 Mailbox full': 'unsure',
        '503 5.5.1 MAIL first': 'unsure',
      })) {
        primary.manners.rcpt = () => reply;
        assert.equal(await ask('somebody@inner.example'), said, reply);
      }
    });
  });
}

/** What strangers may ask, in which words they are told no, and what gets marked in the mail they send. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { harakaPackage } from '../../../examples/haraka-directory';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type HarakaVersion, type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { deliver, greet, load, open, rcpt, said, send, type Visit } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

const OK = /^250 /;
const CANNOT_VRFY = '252 2.5.2 Cannot VRFY user; try RCPT to attempt delivery';
const NOT_ALLOWED = '502 5.7.0 Sorry, we do not allow this operation';
const INTRODUCE = '503 5.0.0 I demand that you introduce yourself first';
const local = 'user@local.example';

const named = '127.55.0.1';
const confirmed = '127.55.0.2';
const nameless = '127.55.0.3';
const trusted = '127.9.0.1';

for (const version of versions) {
  describe(`what strangers may ask Haraka ${version}`, () => {
    let stub: DnsStub;
    let haraka: RunningHaraka;
    const ini = (privacy: string) => `[privacy]\n${privacy}\n[dns]\nservers=127.0.0.1:${stub.port}\n`;

    before(async () => {
      stub = await startDns({
        [named]: ['mail.sender.example'],
        'mail.sender.example': { A: [named] },
        [confirmed]: ['pc.campus.example'],
        'pc.campus.example': { A: [confirmed] },
      });
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
        files: { host_list: 'local.example\n', localip: '127.9\n', localdomain: 'campus.example\n' },
        dns: stub.port,
      });
    });
    after(async () => {
      await haraka?.stop();
      await stub?.stop();
    });

    /** The replies to commands, each in a session of its own and in the state that the visit brings about. */
    const ask = async (command: string, visit: Visit = {}) => {
      const session = await greet(haraka, visit);
      const reply = said(await session.command(command));
      session.destroy();
      return reply;
    };

    for (const [command, reply] of [
      ['VRFY', CANNOT_VRFY],
      ['EXPN', NOT_ALLOWED],
    ] as const) {
      it(`answers ${command} the same whoever is asked for, in whatever case it is written`, async () => {
        const secret = 'zz9-secret-name';
        for (const argument of ['postmaster', secret, `${secret}@local.example`, `<${secret}@victim.example>`, '']) {
          for (const word of [command, command.toLowerCase(), mixed(command)]) {
            const got = await ask(`${word} ${argument}`.trim());
            assert.equal(got, reply, `${word} ${argument}`);
            assert.ok(!got.includes(secret));
          }
        }
        assert.equal(await ask(`${command} root`, { from: trusted }), reply);
        assert.equal(await ask(`${command} root`, { helo: '' }), reply);
      });
    }

    it('leaves the open transaction alone', async () => {
      const session = await open(haraka);
      assert.match(await rcpt(session, local), OK);
      for (const command of ['VRFY root', 'EXPN staff', 'vrfy root', 'eXpN staff']) await session.command(command);
      assert.match(await rcpt(session, 'other@local.example'), OK);
      assert.match(await send(session, 'undisturbed'), OK);
      session.destroy();
    });

    it('leaves ETRN alone until noetrn is set, and VERB goes with noexpn', async () => {
      assert.match(await ask('ETRN local.example'), /^500 /);
      assert.equal(await ask('VERB'), NOT_ALLOWED);
      await load(haraka, 'smtpcheck.ini', ini('flags=noetrn,noverb'));
      assert.equal(await ask('ETRN local.example'), NOT_ALLOWED);
      assert.equal(await ask('etrn @local.example'), NOT_ALLOWED);
      assert.equal(await ask('VERB'), NOT_ALLOWED);
      assert.match(await ask('EXPN root'), /^500 /);
      assert.match(await ask('VRFY root'), /^252 Just try/);
      assert.match(await ask('FROBNICATE'), /^500 /);
    });

    it('says a hard no to VRFY with vrfy_reply=502, and leaves the transaction open', async () => {
      await load(haraka, 'smtpcheck.ini', ini('flags=novrfy\nvrfy_reply=502'));
      const session = await open(haraka);
      assert.match(await rcpt(session, local), OK);
      assert.equal(said(await session.command('VRFY root')), NOT_ALLOWED);
      assert.match(await send(session, 'hard no'), OK);
      session.destroy();
    });

    it('asks for an introduction with needvrfyhelo and needexpnhelo', async () => {
      await load(haraka, 'smtpcheck.ini', ini('flags=needvrfyhelo,needexpnhelo'));
      assert.equal(await ask('VRFY root', { helo: '' }), INTRODUCE);
      assert.equal(await ask('expn root', { helo: '' }), INTRODUCE);
      assert.match(await ask('VRFY root'), /^252 Just try/);
      assert.match(await ask('EXPN root'), /^500 /);
    });

    it('means by goaway all that strangers may not ask', async () => {
      await load(haraka, 'smtpcheck.ini', ini('flags=goaway'));
      assert.equal(await ask('VRFY root', { helo: '' }), CANNOT_VRFY);
      assert.equal(await ask('EXPN root', { helo: '' }), NOT_ALLOWED);
      assert.equal(await ask('VERB'), NOT_ALLOWED);
      assert.match(await ask('ETRN local.example'), /^500 /);
      assert.match(await ask('MAIL FROM:<>', { helo: '' }), /^503 /);
    });

    it('asks for HELO before MAIL', async () => {
      await load(haraka, 'smtpcheck.ini', ini('flags=needmailhelo,authwarnings'));
      const session = await greet(haraka, { helo: '' });
      assert.match(said(await session.command('MAIL FROM:<someone@sender.example>')), /^503 /);
      assert.match(await rcpt(session, local), /^503 /);
      assert.match(said(await session.command('HELO client.example')), OK);
      assert.match(said(await session.command('MAIL FROM:<someone@sender.example>')), OK);
      session.destroy();
    });

    it('refuses HELO names that no domain and no address literal can be', async () => {
      for (const verb of ['HELO', 'EHLO']) {
        for (const name of [
          'a;b',
          'sub(domain)',
          '<script>',
          'na\u00efve.example',
          'a/b',
          '[192.0.2.1',
          'x'.repeat(256),
        ]) {
          const session = await greet(haraka, { helo: '' });
          const reply = said(await session.command(`${verb} ${name}`));
          assert.equal(reply, '501 5.0.0 Invalid domain name', `${verb} ${name}`);
          assert.match(said(await session.command('MAIL FROM:<>')), /^503 /, name);
          session.destroy();
        }
        for (const name of [
          'client',
          'my_host.example',
          '[192.0.2.1]',
          '[IPv6:2001:db8::1]',
          `${'x'.repeat(251)}.org`,
        ]) {
          assert.match(await ask(`${verb} ${name}`, { helo: '' }), OK, `${verb} ${name}`);
        }
      }
    });

    it('forgets an introduction that was replaced by a bad one', async () => {
      const session = await greet(haraka);
      assert.match(said(await session.command('EHLO bad;name')), /^501 /);
      assert.match(said(await session.command('MAIL FROM:<>')), /^503 /);
      session.destroy();
    });

    const warningsOf = async (subject: string) => {
      const message = (await haraka.queued()).find(({ headers }) => headers.includes(`Subject: ${subject}`));
      assert.ok(message, `${subject} is queued`);
      return message.headers.filter((header) => /^X-Authentication-Warning/i.test(header));
    };
    const warning = (client: string, helo: string) =>
      `X-Authentication-Warning: mx.local.example: Host ${client} claimed to be ${helo}`;

    for (const { name, visit, warns } of [
      {
        name: 'says that a client claimed another name',
        visit: { from: named, helo: 'bank.example' },
        warns: `mail.sender.example [${named}] (may be forged)`,
      },
      {
        name: 'leaves out that it may be forged where the name is known to lead back',
        visit: { from: confirmed, helo: 'bank.example' },
        warns: `pc.campus.example [${confirmed}]`,
      },
      {
        name: 'says that a client without a name is unknown',
        visit: { from: nameless, helo: 'bank.example' },
        warns: `unknown [${nameless}]`,
      },
      {
        name: "does not take another address's literal for the client's",
        visit: { from: nameless, helo: '[192.0.2.1]' },
        warns: `unknown [${nameless}]`,
      },
      { name: 'says nothing of a client that gave its own name', visit: { from: named, helo: 'MAIL.sender.example' } },
      { name: 'says nothing of a client that gave its address', visit: { from: nameless, helo: `[${nameless}]` } },
    ] as const) {
      it(`marks with authwarnings: ${name}`, async () => {
        assert.match(await deliver(haraka, [local], `marked: ${name}`, visit), OK);
        const expected = warns ? [warning(warns, visit.helo)] : [];
        assert.deepEqual(await warningsOf(`marked: ${name}`), expected);
      });
    }

    it('removes the warnings that a stranger brings along, and adds its own', async () => {
      const headers = 'X-Authentication-Warning: mx.local.example: all is well\nx-authentication-WARNING: again\n';
      await deliver(haraka, [local], 'brought', { from: nameless, helo: 'bank.example', headers });
      assert.deepEqual(await warningsOf('brought'), [warning(`unknown [${nameless}]`, 'bank.example')]);
    });

    for (const { name, brought } of [
      { name: 'with a blank before the colon', brought: ['X-Authentication-Warning : forged'] },
      { name: 'with a tab before it, in any letter case', brought: ['x-AUTHENTICATION-warning\t: forged'] },
      { name: 'folded before and behind it', brought: ['X-Authentication-Warning \n\t: forged,\n and folded'] },
      {
        name: 'several, of every form',
        brought: ['X-Authentication-Warning : a', 'X-Authentication-Warning: b', 'X-Authentication-Warning\t : c'],
      },
      {
        name: 'behind lines that are no header',
        brought: ['this is no header', ': nor this', 'X-Authentication-Warning : forged', 'nor is this'],
      },
      { name: 'behind a bare CR', brought: ['X-Other: a\rX-Authentication-Warning : forged'] },
    ]) {
      it(`removes them ${name}, and leaves the rest as it was`, async () => {
        const headers = ['X-First: 1', ...brought, 'X-Authentication-Warnings: of another name', ''].join('\n');
        await deliver(haraka, [local], `brought ${name}`, { from: nameless, helo: 'bank.example', headers });
        assert.deepEqual(await warningsOf(`brought ${name}`), [
          'X-Authentication-Warnings: of another name',
          warning(`unknown [${nameless}]`, 'bank.example'),
        ]);
        const { text = '' } = (await haraka.queued()).find((one) => one.text.includes(`brought ${name}`)) ?? {};
        assert.match(text, /^X-First: 1\r$/m);
        for (const line of brought.filter((line) => !/authentication/i.test(line)))
          assert.ok(text.includes(line), line);
      });
    }

    it('removes them where no empty line ends the headers', async () => {
      const session = await open(haraka, { from: nameless, helo: `[${nameless}]` });
      await rcpt(session, local);
      await session.command('DATA');
      const text = 'Subject: no body\nX-Authentication-Warning: a\nX-Authentication-Warning : b\nX-Last: 1\n';
      assert.match(said(await session.message(text)), OK);
      session.destroy();
      assert.deepEqual(await warningsOf('no body'), []);
    });

    it('keeps those of a trusted client', async () => {
      const headers =
        'X-Authentication-Warning: inner.local.example: true story\nX-Authentication-Warning : obsolete\n';
      await deliver(haraka, ['user@victim.example'], 'kept warning', { from: trusted, helo: `[${trusted}]`, headers });
      assert.deepEqual(await warningsOf('kept warning'), [
        'X-Authentication-Warning: inner.local.example: true story',
        'X-Authentication-Warning : obsolete',
      ]);
    });

    it('marks nothing and removes nothing without authwarnings', async () => {
      await load(haraka, 'smtpcheck.ini', ini('flags=novrfy'));
      const headers = 'X-Authentication-Warning: somebody: said so\n';
      await deliver(haraka, [local], 'unmarked', { from: nameless, helo: 'bank.example', headers });
      assert.deepEqual(await warningsOf('unmarked'), ['X-Authentication-Warning: somebody: said so']);
    });

    it('has met no fault of its own', () => {
      assert.doesNotMatch(haraka.log(), /smtpcheck fault|failed:|unhandled|ran callback multiple/i);
    });
  });
}

for (const version of versions) {
  it(`removes warnings that are all the headers there are, where Haraka ${version} adds no Received header`, async () => {
    const haraka = await startHaraka({
      version,
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
      files: {
        host_list: 'local.example\n',
        'connection.ini': `${standardConnectionIni(version)}\n[headers]\nadd_received=false\n`,
      },
    });
    try {
      const kept = async (headers: string, body: string) => {
        const session = await open(haraka, { from: nameless, helo: `[${nameless}]` });
        await rcpt(session, local);
        await session.command('DATA');
        await session.message(`${headers}\n${body}\n`);
        session.destroy();
        return (await haraka.queued()).find(({ text }) => text.includes(body))?.text;
      };
      assert.equal(await kept('X-Only: 1\n', 'first'), 'X-Only: 1\r\n\r\nfirst\r\n');
      const warnings = 'X-Authentication-Warning: a\nX-Authentication-Warning : b\n';
      assert.equal(await kept(warnings, 'second'), '\r\nsecond\r\n');
    } finally {
      await haraka.stop();
    }
  });
}

function standardConnectionIni(version: HarakaVersion): string {
  return fs.readFileSync(path.join(harakaPackage(version), 'config', 'connection.ini'), 'utf8');
}

function mixed(word: string): string {
  return [...word].map((letter, i) => (i % 2 ? letter.toUpperCase() : letter.toLowerCase())).join('');
}

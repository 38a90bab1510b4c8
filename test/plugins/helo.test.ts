import assert from 'node:assert/strict';
import { closeSites, Site } from '../../testkit/haraka';

afterEach(closeSites);

const invalid = '501 5.0.0 Invalid domain name';
const polite = '503 5.0.0 Polite people say HELO first';

describe('helo', () => {
  const names: readonly { readonly name: string; readonly reply: string }[] = [
    { name: 'mail.example.org', reply: '250' },
    { name: '[192.0.2.7]', reply: '250' },
    { name: '[IPv6:2001:db8::7]', reply: '250' },
    { name: 'x'.repeat(255), reply: '250' },
    { name: 'x'.repeat(256), reply: invalid },
    { name: 'mail/example.org', reply: invalid },
    { name: '<script>', reply: invalid },
    { name: '', reply: invalid },
  ];
  for (const { name, reply } of names) {
    it(`answers ${reply} to HELO ${name.slice(0, 30)}`, async () => {
      assert.equal(await new Site({ plugins: ['helo'] }).session().helo(name), reply);
    });
  }

  it('runs for EHLO as for HELO', async () => {
    const site = new Site({ plugins: ['helo'] });
    const { message } = await site.run('ehlo', site.session().connection, 'mail/example.org');
    assert.equal(String(message), '5.0.0 Invalid domain name');
  });

  const greetings: readonly {
    readonly name: string;
    readonly flags: string;
    readonly host: string | null;
    readonly reply: string;
  }[] = [
    { name: 'takes MAIL after a greeting', flags: 'needmailhelo', host: 'mail.example.org', reply: '250' },
    { name: 'wants a greeting before MAIL', flags: 'needmailhelo', host: null, reply: polite },
    {
      name: 'does not take a malformed greeting for one',
      flags: 'needmailhelo',
      host: 'mail/example.org',
      reply: polite,
    },
    { name: 'wants none without needmailhelo', flags: 'noexpn', host: null, reply: '250' },
    { name: 'wants one with goaway', flags: 'goaway', host: null, reply: polite },
  ];
  for (const { name, flags, host, reply } of greetings) {
    it(name, async () => {
      const session = new Site({ plugins: ['helo'], ini: ['[privacy]', `flags=${flags}`] }).session();
      Object.assign(session.connection.hello, { host });
      assert.equal(await session.mail(), reply);
    });
  }

  it('answers nothing while it only observes', async () => {
    const session = new Site({ plugins: ['helo'], ini: ['[helo]', 'mode=observe'] }).session();
    assert.equal(await session.helo('mail/example.org'), '250');
    assert.deepEqual(session.results('fail'), ['hello-malformed']);
  });
});

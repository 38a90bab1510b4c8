/** The reason in the log is the reply that the client has read, at every hook. */
import assert from 'node:assert/strict';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { connect } from '../../../testkit/live/smtp-client';
import { said } from '../../../testkit/live/talk';
import { versions } from '../../../testkit/live/versions';

interface Row {
  readonly name: string;
  /** The last one's reply is compared; none: the greeting is. */
  readonly commands: readonly string[];
  readonly reply: RegExp;
  readonly from?: string;
}

const mail = ['EHLO client.example', 'MAIL FROM:<someone@sender.example>'];

const rows: readonly Row[] = [
  { name: 'connect', commands: [], reply: /^554 5\.7\.1 /, from: '127.77.0.1' },
  { name: 'helo', commands: ['EHLO bad;name'], reply: /^501 5\.0\.0 / },
  { name: 'rcpt, early', commands: [...mail, 'RCPT TO:<a%b@local.example>'], reply: /^550 5\.7\.1 / },
  { name: 'rcpt', commands: [...mail, 'RCPT TO:<user@victim.example>'], reply: /^550 5\.7\.1 / },
  { name: 'rcpt, of a moved user', commands: [...mail, 'RCPT TO:<user@moved.example>'], reply: /^551 5\.1\.6 / },
  { name: 'rcpt, for now', commands: [...mail, 'RCPT TO:<user@later.example>'], reply: /^452 4\.3\.1 / },
  {
    name: 'rcpt, with the end of the connection',
    commands: [...mail, 'RCPT TO:<u@bye.example>'],
    reply: /^421 4\.7\.1 /,
  },
  { name: 'vrfy', commands: ['EHLO client.example', 'VRFY postmaster'], reply: /^252 2\.5\.2 / },
  { name: 'unrecognized_command', commands: ['EHLO client.example', 'EXPN postmaster'], reply: /^502 5\.7\.0 / },
];

for (const version of versions) {
  describe(`reasons in the log of Haraka ${version}`, () => {
    let haraka: RunningHaraka;
    before(async () => {
      haraka = await startHaraka({
        version,
        plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
        files: {
          host_list: 'local.example\n',
          'host.deny': '127.77\n',
          'relay.map': [
            'To:moved.example ERROR:5.1.6:551 It moved',
            'To:later.example ERROR:4.3.1:452 Later',
            'To:bye.example ERROR:4.7.1:421 Bye',
            '',
          ].join('\n'),
        },
      });
    });
    after(() => haraka?.stop());

    for (const { name, commands, reply, from = '127.66.0.1' } of rows) {
      it(`are the replies at ${name}`, async () => {
        haraka.clearLog();
        const client = await connect({ port: haraka.port, localAddress: from });
        let last = client.greeting;
        for (const command of commands) last = await client.command(command);
        assert.match(said(last), reply);
        const line = await haraka.waitForLog(/smtpcheck (?:refuse|defer) /);
        assert.ok(line.includes(`reason="${said(last)}"`), `${said(last)} in ${line}`);
        if (last.code === 421) assert.ok(await client.waitForClose());
        client.destroy();
      });
    }
  });
}

/** How many questions the suite asks the DNS: none for mail that needs none, one look-up for a thousand connections. */
import { startDns } from '../testkit/live/dns';
import { sendMail } from './mail-load';
import type { Result } from './measure';
import { startServer } from './server';

const sessions = 1000;

interface Mail {
  readonly client: string;
  readonly recipient: string;
  readonly refused?: true;
}

const named = '127.9.0.1';
const nameless = '127.9.0.2';
const trusted = '127.9.0.3';

const us = 'user@local.example';
const backup = 'user@backup.example';
const far = 'user@elsewhere.example.net';

export async function dnsQuestions(): Promise<Result[]> {
  const needNone: readonly Mail[] = [
    { client: named, recipient: us },
    { client: named, recipient: backup },
    { client: trusted, recipient: far },
  ];
  const remark = 'a third each to us, to a domain in relay.to, to elsewhere from an address in localip';
  return [
    { ...(await asked(`${needNone.length * sessions} messages that need none`, 0, needNone)), remark },
    await asked(`${sessions} connections of a client without a name`, 1, [
      { client: nameless, recipient: far, refused: true },
    ]),
    await asked(`${sessions} connections of a client with a name (PTR and A)`, 2, [{ client: named, recipient: far }]),
  ];
}

async function asked(what: string, exactly: number, mails: readonly Mail[]): Promise<Result> {
  const dns = await startDns({
    [named]: ['lab1.campus.example'],
    'lab1.campus.example': { A: [named], ttl: 600 },
  });
  const server = await startServer({
    plugins: ['smtpcheck'],
    files: {
      'smtpcheck.ini': `[dns]\nservers=127.0.0.1:${dns.port}\n`,
      localip: `${trusted}\n`,
      localdomain: 'campus.example\n',
      'relay.to': 'backup.example\n',
    },
  });
  try {
    for (const mail of mails) await send(server.port, mail);
    const measure = `DNS questions for ${what}`;
    return { measure, value: dns.questions.length, unit: 'questions', target: { exactly } };
  } finally {
    await Promise.all([server.stop(), dns.stop()]);
  }
}

async function send(port: number, { client, recipient, refused }: Mail): Promise<void> {
  const goOn = (done: number) => done < sessions;
  const sent = await sendMail({ port, parallel: 8, recipient, clientOf: () => client, goOn });
  if (sent.messages !== (refused ? 0 : sessions)) {
    throw new Error(`${client} to ${recipient}: ${sent.messages} messages of ${sessions} accepted`);
  }
}

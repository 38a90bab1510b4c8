/** How many questions the suite asks the DNS: none for mail that needs none, one look-up for a thousand connections. */
import { startDns } from '../test/live/harness/dns';
import { sendMail } from './mail-load';
import type { Result } from './measure';
import { startServer } from './server';

const sessions = 1000;

export async function dnsQuestions(): Promise<Result[]> {
  return [
    await asked('DNS questions for 1000 messages that need none', 'user@local.example', 'localip', '127.9.0.1', 0),
    await asked('DNS questions for 1000 connections of a client without a name', far, 'nameless', '127.9.0.2', 1),
    await asked('DNS questions for 1000 connections of a client with a name (PTR and A)', far, 'named', '127.9.0.1', 2),
  ];
}

const far = 'user@elsewhere.example.net';

async function asked(
  measure: string,
  recipient: string,
  who: 'localip' | 'nameless' | 'named',
  client: string,
  expected: number,
): Promise<Result> {
  const dns = await startDns({
    '127.9.0.1': ['lab1.campus.example'],
    'lab1.campus.example': { A: ['127.9.0.1'], ttl: 600 },
  });
  const server = await startServer({
    plugins: ['smtpcheck'],
    files: {
      'smtpcheck.ini': `[relay]\nlocal_domain=localdomain\n[dns]\nservers=127.0.0.1:${dns.port}\n`,
      localdomain: 'campus.example\n',
    },
  });
  try {
    const goOn = (done: number) => done < sessions;
    const sent = await sendMail({ port: server.port, parallel: 8, recipient, clientOf: () => client, goOn });
    const accepted = who === 'nameless' ? 0 : sessions;
    if (sent.messages !== accepted) throw new Error(`${who}: ${sent.messages} messages of ${sessions} accepted`);
    return { measure, value: dns.questions.length, unit: 'questions', target: { atMost: expected } };
  } finally {
    await Promise.all([server.stop(), dns.stop()]);
  }
}

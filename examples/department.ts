/** The mail server of a university department, as the example configures it, and what can be tried on it. */

export const lists: Readonly<Record<string, string>> = {
  me: 'mx.dept.example\n',
  host_list: 'dept.example\n',
  localip: '127.9                        # the campus network, on this host; smtpcheck: allow network-loopback\n',
  localdomain: 'campus.example               # and hosts elsewhere that the campus names\n',
  'relay.to': [
    'backup.example               # we are its backup MX',
    'director@institute.example   # of that domain, only this mailbox',
    '',
  ].join('\n'),
  'host.deny': '127.66.0.1                   # sent nothing but spam last week\n',
  'smtpcheck.test': [
    '# what must stay so whoever edits the lists: smtpcheck test',
    '127.9.0.0/16                -> anyone@elsewhere.example                relay',
    '127.50.0.0/16               -> anyone@elsewhere.example                refuse',
    '127.50.0.1                  -> someone@dept.example                    local',
    '127.50.0.1                  -> anyone@*.backup.example                 relay via mx',
    '127.50.0.1                  -> director@institute.example, someone@institute.example   relay, refuse 550 5.7.1',
    '127.50.0.2 ptr=*.campus.example    -> anyone@elsewhere.example         relay',
    '127.50.0.3 forged-ptr=*.campus.example -> anyone@elsewhere.example     refuse',
    '127.66.0.1                  -> someone@dept.example                    refuse 554 5.7.1',
    '',
  ].join('\n'),
};

export interface ThingToTry {
  readonly what: string;
  /** The arguments of `npm run --silent try -- …`. */
  readonly arguments: readonly string[];
  /** How the decisive reply begins. */
  readonly reply: string;
}

const stranger = ['--from', '127.50.0.1'];

export const thingsToTry: readonly ThingToTry[] = [
  {
    what: 'A stranger writes to one of us',
    arguments: [...stranger, '--to', 'someone@dept.example'],
    reply: '250',
  },
  {
    what: 'A stranger tries to relay',
    arguments: [...stranger, '--to', 'someone@elsewhere.example'],
    reply: '550 5.7.1 Relaying denied',
  },
  {
    what: 'A stranger hides the real recipient in a local one',
    arguments: [...stranger, '--to', 'someone%elsewhere.example@dept.example'],
    reply: '550 5.7.1',
  },
  {
    what: 'A machine of the campus network sends out',
    arguments: ['--from', '127.9.0.1', '--to', 'someone@elsewhere.example'],
    reply: '250',
  },
  {
    what: 'So does one elsewhere whose name is of the campus, forwards and backwards',
    arguments: ['--from', '127.50.0.2', '--to', 'someone@elsewhere.example'],
    reply: '250',
  },
  {
    what: 'One that merely calls itself so may not',
    arguments: ['--from', '127.50.0.3', '--to', 'someone@elsewhere.example'],
    reply: '550 5.7.1 Relaying denied. IP name possibly forged [127.50.0.3]',
  },
  {
    what: 'What the campus network sends to one of us is delivered here, not sent out',
    arguments: ['--from', '127.9.0.1', '--to', 'someone@dept.example'],
    reply: '250',
  },
  {
    what: 'Anybody may write to a domain that we are backup MX for',
    arguments: [...stranger, '--to', 'someone@backup.example'],
    reply: '250',
  },
  {
    what: 'and to the one mailbox that is listed of another',
    arguments: [...stranger, '--to', 'director@institute.example'],
    reply: '250',
  },
  {
    what: 'but to no other one there',
    arguments: [...stranger, '--to', 'someone@institute.example'],
    reply: '550 5.7.1 Relaying denied',
  },
  {
    what: 'One message to a local and a backup recipient goes both ways: delivered here, and relayed',
    arguments: [...stranger, '--to', 'someone@dept.example', '--to', 'someone@backup.example'],
    reply: '250',
  },
  {
    what: 'A denied client',
    arguments: ['--from', '127.66.0.1', '--to', 'someone@dept.example'],
    reply: '554 5.7.1 Access denied',
  },
  {
    what: 'Nobody is told who is on a list',
    arguments: [...stranger, '--say', 'EXPN staff'],
    reply: '502 5.7.0 Sorry, we do not allow this operation',
  },
  {
    what: 'or who has an account',
    arguments: [...stranger, '--say', 'VRFY someone'],
    reply: '252 2.5.2 Cannot VRFY user; try RCPT to attempt delivery',
  },
  {
    what: 'Impolite clients get no further',
    arguments: [...stranger, '--helo', '', '--to', 'someone@dept.example'],
    reply: '503',
  },
];

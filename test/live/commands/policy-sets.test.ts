/** `smtpcheck test` and `smtpcheck diff` against a running Haraka: what they say of a policy is what clients are answered. */
import assert from 'node:assert/strict';
import { containsNetwork } from '../../../src/policy/entries/containment';
import { parseEntry } from '../../../src/policy/entries/entry';
import { holdsName } from '../../../src/policy/sets/name-sets';
import { address } from '../../../testkit/core';
import { makeFolder } from '../../../testkit/folder';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { connect } from '../../../testkit/live/smtp-client';
import { load, rcpt, said } from '../../../testkit/live/talk';
import { smtpcheck } from '../../cli/command';

const plugins = ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'];

const old = {
  localip: '127.9\n!127.9.64.0/18\n127.7.0.1\n127.6.0.0/17 from=sender.example\n127.5\n',
  localdomain: 'campus.example\n',
  'relay.to': 'backup.example\n!old.backup.example\ndirector@institute.example\n',
  'relay.map': 'Connect:127.20 RELAY\nTo:list.example REJECT\nTo:abuse@ ERROR:5.7.1:553 not here\n',
  'host.deny': '127.66.0.0/16\nspam.example\n',
};

const edited = {
  localip: [
    '127.9\n127.8.0.0/17',
    '127.6.0.0/17 from=other.example\n127.6.128.0/17 from=other.example,sender.example\n127.5 until=2020-01-01\n',
  ].join('\n'),
  localdomain: 'campus.example\n!pc.campus.example\n',
  'relay.to': 'backup.example\nlab.example\n!old.lab.example\n',
  'relay.map': 'Connect:127.20 450 4.7.1 later\nTo:list.example RELAY\n',
  'host.deny': '127.66.0.0/17\n127.7.0.1\nspam.example\n',
};

/** The names that lead back; those of `forged` do not. */
const confirmed: Readonly<Record<string, string>> = {
  '127.50.0.1': 'a.campus.example',
  '127.50.0.2': 'pc.campus.example',
  '127.50.0.3': 'mx.spam.example',
};
const forged: Readonly<Record<string, string>> = { '127.51.0.1': 'b.campus.example', '127.51.0.2': 'x.spam.example' };

const nameless = [
  '127.9.0.1',
  '127.9.64.1',
  '127.9.127.255',
  '127.9.128.0',
  '127.7.0.1',
  '127.8.0.1',
  '127.8.128.1',
  '127.20.0.1',
  '127.6.0.1',
  '127.6.128.1',
  '127.5.0.1',
  '127.66.1.1',
  '127.66.128.1',
  '127.99.0.1',
];
const clients = [...nameless, ...Object.keys(confirmed), ...Object.keys(forged)];
const stranger = '127.99.0.1';
const unlisted = 'user@victim.example';
const recipients = [
  unlisted,
  'user@local.example',
  'user@backup.example',
  'user@old.backup.example',
  'user@lab.example',
  'user@new.lab.example',
  'user@old.lab.example',
  'director@institute.example',
  'user@institute.example',
  'user@list.example',
  'abuse@victim.example',
  'abuse@local.example',
];

describe('what smtpcheck test and diff say of a policy', () => {
  let stub: DnsStub;
  let haraka: RunningHaraka;
  const oldFolder = makeFolder();
  let answersOfOld: ReadonlyMap<string, string>;

  before(async () => {
    const named = Object.entries(confirmed).flatMap(([ip, name]) => [
      [ip, [name]],
      [name, { A: [ip] }],
    ]);
    const others = Object.entries(forged).flatMap(([ip, name]) => [
      [ip, [name]],
      [name, { A: ['192.0.2.1'] }],
    ]);
    stub = await startDns(Object.fromEntries([...named, ...others]));
    const files = { host_list: 'local.example\n', ...old };
    haraka = await startHaraka({ plugins, files, dns: stub.port });
    for (const [name, text] of Object.entries({ ...files, plugins: plugins.join('\n') }))
      oldFolder.write(`config/${name}`, text);
    answersOfOld = await answers(haraka);
  });
  after(async () => {
    await haraka?.stop();
    await stub?.stop();
  });

  it('is what each client is answered, before an edit', () => expectAnswers(haraka, answersOfOld));

  it('is what each client is answered after it, and differs for those alone that diff names', async () => {
    for (const [name, text] of Object.entries(edited)) await load(haraka, name, text);
    const now = await answers(haraka);
    await expectAnswers(haraka, now);
    const { stdout, code } = await smtpcheck(['diff', oldFolder.path, haraka.directory, '--json']);
    assert.equal(code, 1);
    const { changes } = JSON.parse(stdout) as { changes: readonly Found[] };
    const isOfList = ({ list }: Found) => list in old;
    const ofClients = changes.filter((change) => isOfList(change) && change.addresses !== null);
    for (const client of nameless) {
      const key = `${client} ${unlisted}`;
      const found = ofClients.filter(({ subject }) => holdsClient(subject, client));
      assert.equal(found.length, answersOfOld.get(key) === now.get(key) ? 0 : 1, key);
    }
    const others = changes.filter((change) => isOfList(change) && change.addresses === null);
    for (const recipient of recipients) {
      const key = `${stranger} ${recipient}`;
      const found = others.filter(({ list, subject, except }) => {
        const isOfRecipients = list === 'relay.to' || list === 'relay.map';
        return (
          isOfRecipients && holdsRecipient(subject, recipient) && !except.some((one) => holdsRecipient(one, recipient))
        );
      });
      assert.equal(found.length, answersOfOld.get(key) === now.get(key) ? 0 : 1, key);
    }
  });
});

interface Found {
  readonly list: string;
  readonly subject: string;
  readonly except: readonly string[];
  readonly addresses: number | string | null;
}

function holdsClient(subject: string, client: string): boolean {
  const entry = parseEntry(subject);
  return (
    'kind' in entry && entry.kind === 'network' && containsNetwork(entry, { address: address(client), length: 32 })
  );
}

function holdsRecipient(subject: string, recipient: string): boolean {
  const [user = '', host = ''] = recipient.split('@');
  const at = subject.lastIndexOf('@');
  return (at < 0 || subject.slice(0, at) === user) && holdsName(subject.slice(at + 1), host);
}

/** The code with which each client is answered about each recipient, and the enhanced one. */
async function answers({ port }: RunningHaraka): Promise<ReadonlyMap<string, string>> {
  const all = new Map<string, string>();
  for (const client of clients) {
    const session = await connect({ port, localAddress: client });
    try {
      if (session.greeting.code === 220) {
        await session.command('EHLO client.example');
        await session.command('MAIL FROM:<someone@sender.example>');
      }
      for (const recipient of recipients) {
        const reply = session.greeting.code === 220 ? await rcpt(session, recipient) : said(session.greeting);
        all.set(`${client} ${recipient}`, reply.split(' ').slice(0, 2).join(' '));
      }
    } finally {
      session.destroy();
    }
  }
  return all;
}

/** Every answer as an expectation, in one file: those that are accepted must not be refused. */
async function expectAnswers(haraka: RunningHaraka, all: ReadonlyMap<string, string>): Promise<void> {
  const lines = [...all].map(([key, answer]) => {
    const [client = '', recipient = ''] = key.split(' ');
    const name = confirmed[client]
      ? ` ptr=${confirmed[client]}`
      : forged[client]
        ? ` forged-ptr=${forged[client]}`
        : '';
    const result = answer.startsWith('250') ? 'refuse' : `${answer.startsWith('4') ? 'defer' : 'refuse'} ${answer}`;
    return {
      line: `${client}${name} from=someone@sender.example -> ${recipient} ${result}`,
      isAccepted: answer.startsWith('250'),
    };
  });
  const folder = makeFolder({ expectations: lines.map(({ line }) => `${line}\n`).join('') });
  const { stdout, stderr } = await smtpcheck(['test', '-c', haraka.directory, '--json', folder.file('expectations')]);
  const { expectations } = JSON.parse(stdout || '{}') as { expectations?: readonly Checked[] };
  assert.equal(expectations?.length, lines.length, stderr);
  for (const [i, { passed, failures }] of (expectations ?? []).entries()) {
    assert.equal(passed, !lines[i]?.isAccepted, `${lines[i]?.line}: ${failures.join()}`);
    if (!passed) assert.match(failures.join(), /^is (?:relay|local|discard)/);
  }
}

interface Checked {
  readonly passed: boolean;
  readonly failures: readonly string[];
}

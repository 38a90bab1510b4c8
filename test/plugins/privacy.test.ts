import assert from 'node:assert/strict';
import constants from 'haraka-constants';
import { closeSites, type Session, type SessionOptions, Site, textOf } from '../../testkit/haraka';

afterEach(closeSites);

const notAllowed = '502 5.7.0 Sorry, we do not allow this operation';
const cannotVrfy = '252 2.5.2 Cannot VRFY user; try RCPT to attempt delivery';
const introduceFirst = '503 5.0.0 I demand that you introduce yourself first';

interface CommandCase {
  readonly name: string;
  readonly ini?: readonly string[];
  readonly command: string;
  readonly introduced?: boolean;
  /** Nothing where the plugin has no opinion. */
  readonly reply?: string;
}

const commands: readonly CommandCase[] = [
  { name: 'answers VRFY with 252 by default', command: 'VRFY', reply: cannotVrfy },
  { name: 'answers VRFY with 502 if told to', command: 'VRFY', ini: ['vrfy_reply=502'], reply: notAllowed },
  { name: 'answers EXPN with 502 by default', command: 'EXPN', reply: notAllowed },
  { name: "answers EXPN in any of the client's letter cases", command: 'eXpN', reply: notAllowed },
  { name: 'answers VERB with 502, which noexpn implies', command: 'verb', reply: notAllowed },
  { name: 'has no opinion on ETRN by default', command: 'ETRN' },
  { name: 'answers ETRN with noetrn', command: 'ETRN', ini: ['flags=noetrn'], reply: notAllowed },
  { name: 'has no opinion on what it does not know', command: 'XYZZY' },
  {
    name: 'asks for a greeting before VRFY',
    command: 'VRFY',
    ini: ['flags=needvrfyhelo'],
    introduced: false,
    reply: introduceFirst,
  },
  {
    name: 'asks for a greeting before EXPN',
    command: 'EXPN',
    ini: ['flags=needexpnhelo'],
    introduced: false,
    reply: introduceFirst,
  },
  { name: 'has no opinion on VRFY after a greeting', command: 'VRFY', ini: ['flags=needvrfyhelo'] },
  { name: 'has no opinion on EXPN without flags', command: 'EXPN', ini: ['flags=public'] },
  { name: 'answers nothing while it only observes', command: 'VRFY', ini: ['mode=observe'] },
];

function run(session: Session, command: string, argument: string) {
  const { site, connection } = session;
  return command.toUpperCase() === 'VRFY'
    ? site.run('vrfy', connection, [argument])
    : site.run('unrecognized_command', connection, [command, argument]);
}

describe('privacy', () => {
  for (const { name, ini = [], command, introduced = true, reply } of commands) {
    it(name, async () => {
      const session = new Site({ plugins: ['privacy'], ini: ['[privacy]', ...ini] }).session();
      if (!introduced) Object.assign(session.connection.hello, { host: null });
      await session.mail();
      const { transaction } = session.connection;
      for (const argument of ['root', 'zz9-nosuch@local.example', '<user@victim.example>', '']) {
        const { code, message } = await run(session, command, argument);
        assert.equal(code === undefined ? undefined : textOf(message), reply, argument);
        // On vrfy, Haraka's DENY resets the transaction; on an unknown command, its OK sends no reply at all.
        if (reply) assert.equal(code, command === 'VRFY' ? constants.ok : constants.deny);
      }
      assert.equal(session.connection.transaction, transaction);
    });
  }

  it('records what it refused', async () => {
    const session = new Site({ plugins: ['privacy'] }).session();
    await run(session, 'EXPN', 'staff');
    await run(session, 'VRFY', 'root');
    assert.deepEqual(session.results('fail'), ['noexpn', 'novrfy']);
    assert.ok(!JSON.stringify(session.log).includes('staff'), 'the argument is not echoed');
  });
});

const header = 'X-Authentication-Warning';

/** What stands in the header lines of that name, however it is spaced. */
function warningsOf({ connection }: Session): readonly string[] {
  const lines = connection.transaction?.header.header_list ?? [];
  return lines.flatMap((line) => /^X-Authentication-Warning\s*: (.*)\n$/i.exec(line)?.[1] ?? []);
}

interface MarkCase {
  readonly name: string;
  readonly ini?: readonly string[];
  readonly client?: SessionOptions;
  readonly relaying?: boolean;
  readonly brought?: string;
  readonly headers: readonly string[];
}

const forged = 'evil.example: Host friend [192.0.2.1] claimed to be friend';
const marks: readonly MarkCase[] = [
  {
    name: 'marks a HELO name that is not the client’s',
    client: { host: 'client.example.org', helo: 'victim.example' },
    headers: ['mx.local.example: Host client.example.org [203.0.113.9] (may be forged) claimed to be victim.example'],
  },
  {
    name: 'marks nothing when it is the PTR name',
    client: { host: 'client.example.org', helo: 'Client.Example.ORG' },
    headers: [],
  },
  { name: 'marks nothing when it is a literal of the address', client: { helo: '[203.0.113.9]' }, headers: [] },
  {
    name: 'marks a client without a known name',
    client: { host: 'NXDOMAIN', helo: 'victim.example' },
    headers: ['mx.local.example: Host unknown [203.0.113.9] claimed to be victim.example'],
  },
  { name: 'takes away what a stranger brought along', client: { helo: '[203.0.113.9]' }, brought: forged, headers: [] },
  {
    name: 'leaves what a trusted client brought along',
    client: { helo: '[203.0.113.9]' },
    relaying: true,
    brought: forged,
    headers: [forged],
  },
  {
    name: 'does nothing without the flag',
    ini: ['flags=noexpn'],
    client: { helo: 'victim.example' },
    brought: forged,
    headers: [forged],
  },
  {
    name: 'does nothing while it only observes',
    ini: ['mode=observe'],
    client: { helo: 'victim.example' },
    brought: forged,
    headers: [forged],
  },
];

describe('authwarnings', () => {
  for (const { name, ini = [], client = {}, relaying = false, brought, headers } of marks) {
    it(name, async () => {
      const session = new Site({ plugins: ['privacy'], ini: ['[privacy]', ...ini] }).session(client);
      const { connection } = session;
      Object.assign(connection.local, { host: 'mx.local.example' });
      await session.mail();
      connection.relaying = relaying;
      if (brought) connection.transaction?.add_header(header, brought);
      const { code } = await session.site.run('data_post', connection);
      assert.equal(code, undefined);
      assert.deepEqual(warningsOf(session), headers);
    });
  }

  it('says so of a message that came without HELO', async () => {
    const session = new Site({ plugins: ['privacy'] }).session();
    const { connection } = session;
    Object.assign(connection.local, { host: 'mx.local.example' });
    Object.assign(connection.hello, { host: null });
    await session.mail();
    await session.site.run('data_post', connection);
    assert.deepEqual(warningsOf(session), ["mx.local.example: unknown [203.0.113.9] didn't use HELO protocol"]);
  });
});

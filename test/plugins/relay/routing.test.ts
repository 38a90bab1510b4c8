/** Each recipient of a transaction goes its own way. */
import assert from 'node:assert/strict';
import constants from 'haraka-constants';
import type { Address, Connection } from '../../../src/types/haraka';
import { closeSites, type Session, Site, type SiteOptions } from '../../../testkit/haraka';

afterEach(closeSites);

const denied = '550 5.7.1 Relaying denied';

const files = {
  host_list: '# ours\nlocal.example\n',
  'relay.to': 'backup.example\nother-backup.example',
  'relay.map': 'To:void.example DISCARD',
};
const trusted = { ...files, localip: '192.0.2' };
const campus = { ip: '192.0.2.7' };

interface Queued {
  readonly site: Site;
  readonly session: Session;
  readonly code: number | undefined;
  readonly message: unknown;
  /** What the queue plugins were given: the recipients, and whether the client seemed to be relaying. */
  readonly local: readonly string[];
  readonly sent: readonly (readonly string[])[];
}

interface QueueOptions {
  readonly options?: SiteOptions;
  readonly from?: { readonly ip: string };
  readonly to: readonly string[];
  /** What the queue plugin answers. */
  readonly answers?: readonly [code?: number, message?: string];
  readonly arrange?: (site: Site, session: Session) => void;
}

/** A message from MAIL to its queues, as Haraka runs them. */
async function queued({
  options = { files },
  from,
  to,
  answers = [constants.ok],
  arrange,
}: QueueOptions): Promise<Queued> {
  const site = new Site(options);
  const local: string[] = [];
  const queuePlugin = {
    name: 'queue/test',
    hook_queue: (next: (code?: number, message?: string) => void, { transaction, relaying }: Connection) => {
      local.push(
        `${(transaction?.rcpt_to ?? []).map(({ user, host }) => `${user}@${host}`)}${relaying ? ' relaying' : ''}`,
      );
      transaction?.header.header_list.push('Received: local\n');
      next(...answers);
    },
  };
  site.hooks.push({ hook: 'queue', plugin: queuePlugin, method: 'hook_queue', priority: 0 });
  const session = site.session(from);
  await session.open();
  arrange?.(site, session);
  const replies = await session.send(...to);
  assert.deepEqual(
    replies,
    to.map(() => '250'),
  );
  await site.run('data_post', session.connection);
  const hook = session.connection.relaying ? 'queue_outbound' : 'queue';
  const { code, message } = await site.run(hook, session.connection);
  const sent = site.sent.map(({ rcpt_to }) => rcpt_to.map((address) => `${address.user}@${address.host}`));
  return { site, session, code, message, local, sent };
}

describe('the recipients of a transaction', () => {
  const rows: readonly {
    readonly name: string;
    readonly to: readonly string[];
    readonly replies: readonly string[];
    readonly routed: readonly string[];
  }[] = [
    {
      name: 'can all be local',
      to: ['a@local.example', 'b@local.example'],
      replies: ['250', '250'],
      routed: ['local a@local.example', 'local b@local.example'],
    },
    {
      name: 'can be of several backup domains',
      to: ['a@backup.example', 'b@other-backup.example'],
      replies: ['250', '250'],
      routed: ['relay a@backup.example', 'relay b@other-backup.example'],
    },
    {
      name: 'can be local, relayed and dropped, in any order, from a stranger',
      to: ['a@local.example', 'a@void.example', 'a@backup.example', 'b@local.example', 'b@backup.example'],
      replies: ['250', '250', '250', '250', '250'],
      routed: [
        'relay a@backup.example',
        'relay b@backup.example',
        'local a@local.example',
        'local b@local.example',
        'discard a@void.example',
      ],
    },
    {
      name: 'are those that were accepted',
      to: ['a@victim.example', 'a@backup.example', 'a@local.example', 'b@victim.example'],
      replies: [denied, '250', '250', denied],
      routed: ['relay a@backup.example', 'local a@local.example'],
    },
    {
      name: 'can be bare postmaster beside relayed ones',
      to: ['postmaster', 'a@backup.example'],
      replies: ['250', '250'],
      routed: ['relay a@backup.example', 'local postmaster'],
    },
  ];
  for (const { name, to, replies, routed: expected } of rows) {
    it(name, async () => {
      const session = new Site({ files }).session();
      await session.open();
      assert.deepEqual(await session.send(...to), replies);
      assert.deepEqual(session.routed, expected);
      assert.equal(session.connection.relaying, false);
    });
  }

  it('of a transaction do not follow those of the one before', async () => {
    const session = new Site({ files }).session();
    await session.open();
    await session.send('a@backup.example');
    session.endTransaction();
    await session.send('a@local.example');
    assert.deepEqual(session.routed, ['local a@local.example']);
    assert.equal(session.connection.transaction?.notes.smtpcheck, undefined);
  });

  it('from a client that may relay are local by their domain', async () => {
    const session = new Site({ files: trusted }).session(campus);
    await session.open();
    await session.send('a@local.example', 'a@backup.example', 'a@victim.example');
    assert.deepEqual(session.routed, ['relay a@backup.example', 'relay a@victim.example', 'local a@local.example']);
    assert.equal(session.connection.relaying, true, 'other plugins go on to see a client that may relay');
  });

  it('follow host_list and host_list_regex as they change', async () => {
    const site = new Site({ files: { ...trusted, host_list_regex: '(.*\\.)?dept\\.example' }, local: [] });
    const session = site.session(campus);
    await session.open();
    await session.send('a@local.example', 'a@x.dept.example');
    assert.deepEqual(session.routed, ['local a@local.example', 'local a@x.dept.example']);
    site.write('host_list', 'other.example\n');
    for (let tries = 0; ; tries++) {
      session.endTransaction();
      await session.send('a@local.example', 'a@other.example');
      if (session.routed.join() === 'relay a@local.example,local a@other.example') break;
      assert.ok(tries < 100, session.routed.join());
      await new Promise((done) => setTimeout(done, 20));
    }
  });

  const rcptPlugin = (name: string, accept: (connection: Connection, address: Address) => void) => ({
    name,
    hook_rcpt: (next: (code?: number) => void, connection: Connection, [address]: readonly [Address]) => {
      accept(connection, address);
      next(constants.ok);
    },
  });

  const acceptors: readonly {
    readonly name: string;
    readonly accept: (connection: Connection, plugin: { name: string }) => void;
    readonly goes: 'local' | 'relay';
  }[] = [
    {
      name: 'are local where a plugin vouches for the mailbox',
      accept: ({ transaction }, plugin) => transaction?.results.add(plugin, { pass: 'file.email' }),
      goes: 'local',
    },
    {
      name: 'are relayed where a plugin accepts whatever the client sends',
      accept: () => {},
      goes: 'relay',
    },
    {
      name: 'are relayed where a plugin says that it accepts for the client',
      accept: ({ transaction }, plugin) => transaction?.results.add(plugin, { pass: 'relaying local_sender' }),
      goes: 'relay',
    },
    {
      name: 'are relayed where another plugin than the one that accepts has passed them',
      accept: ({ transaction }) => transaction?.results.add({ name: 'access' }, { pass: 'rcpt_to.access.whitelist' }),
      goes: 'relay',
    },
  ];
  for (const { name, accept, goes } of acceptors) {
    it(name, async () => {
      const site = new Site({ files: trusted, local: [] });
      const plugin = rcptPlugin('mailboxes', (connection) => accept(connection, plugin));
      site.hooks.push({ hook: 'rcpt', plugin, method: 'hook_rcpt', priority: 0 });
      const session = site.session(campus);
      await session.open();
      await session.send('a@elsewhere.example');
      assert.deepEqual(session.routed, [`${goes} a@elsewhere.example`]);
    });
  }

  it('are relayed where a plugin vouched for another recipient only', async () => {
    const site = new Site({ files: trusted, local: [] });
    const plugin = rcptPlugin('mailboxes', ({ transaction }, { user }) => {
      if (user === 'known') transaction?.results.add(plugin, { pass: 'file.email' });
    });
    site.hooks.push({ hook: 'rcpt', plugin, method: 'hook_rcpt', priority: 0 });
    const session = site.session(campus);
    await session.open();
    await session.send('known@elsewhere.example', 'unknown@elsewhere.example');
    assert.deepEqual(session.routed, ['relay unknown@elsewhere.example', 'local known@elsewhere.example']);
  });

  it('are relayed where a plugin grants relaying as it accepts', async () => {
    const site = new Site({ files, local: [] });
    const plugin = rcptPlugin('relay', (connection) => {
      connection.relaying = true;
      connection.transaction?.results.add(plugin, { pass: 'relay_dest_domain' });
    });
    site.hooks.push({ hook: 'rcpt', plugin, method: 'hook_rcpt', priority: 0 });
    const session = site.session();
    await session.open();
    await session.send('a@elsewhere.example');
    assert.deepEqual(session.routed, ['relay a@elsewhere.example']);
  });

  it('that were accepted before a plugin grants relaying stay local', async () => {
    const site = new Site({ files: { ...files, host_list: '' }, local: [] });
    const plugin = rcptPlugin('partners', (connection, { user }) => {
      if (user === 'partner') connection.relaying = true;
    });
    site.hooks.push({ hook: 'rcpt', plugin, method: 'hook_rcpt', priority: 0 });
    const session = site.session();
    await session.open();
    await session.send('ours@elsewhere.example', 'partner@elsewhere.example');
    assert.deepEqual(session.routed, ['relay partner@elsewhere.example', 'local ours@elsewhere.example']);
  });

  it('that a plugin wants dropped are dropped, and no other', async () => {
    const site = new Site({ files });
    const aliases = {
      name: 'aliases',
      hook_rcpt: (next: () => void, { transaction }: Connection, [{ user }]: readonly [Address]) => {
        if (user === 'drop') Object.assign(transaction?.notes ?? {}, { discard: true });
        next();
      },
    };
    site.hooks.unshift({ hook: 'rcpt', plugin: aliases, method: 'hook_rcpt', priority: 0 });
    const session = site.session();
    await session.open();
    await session.send('drop@backup.example', 'a@backup.example', 'drop@local.example', 'a@local.example');
    assert.deepEqual(session.routed, [
      'relay a@backup.example',
      'local a@local.example',
      'discard drop@backup.example',
      'discard drop@local.example',
    ]);
    assert.equal(session.connection.transaction?.notes.discard, false);
  });

  it('have their permit logged when no other plugin can refuse them any more', async () => {
    const site = new Site({ files });
    const quota = {
      name: 'quota',
      hook_rcpt_ok: (next: (code?: number, message?: string) => void, _connection: unknown, { user }: Address) =>
        user === 'full' ? next(constants.denysoft, 'full') : next(),
    };
    site.hooks.push({ hook: 'rcpt_ok', plugin: quota, method: 'hook_rcpt_ok', priority: 0 });
    const session = site.session();
    await session.open();
    await session.send('full@backup.example', 'a@backup.example');
    const permits = session.log.filter(({ text }) => text === 'smtpcheck permit');
    assert.deepEqual(
      permits.map(({ data }) => data.rcpt),
      ['<a@backup.example>'],
    );
  });
});

describe('a message', () => {
  const both = ['a@local.example', 'a@backup.example', 'b@local.example'];

  it('for local recipients of a client that may relay goes to the queue plugins', async () => {
    const { code, local, sent } = await queued({ options: { files: trusted }, from: campus, to: ['a@local.example'] });
    assert.deepEqual([code, local, sent], [constants.ok, ['a@local.example'], []]);
  });

  it('for others of its goes out as a whole', async () => {
    const to = ['a@victim.example', 'a@backup.example'];
    const { code, local, sent, site, session } = await queued({ options: { files: trusted }, from: campus, to });
    assert.deepEqual([code, local, sent], [constants.ok, [], [to]]);
    assert.equal(site.sent[0], session.connection.transaction);
  });

  for (const [from, options] of [
    [undefined, { files }],
    [campus, { files: trusted }],
  ] as const) {
    it(`for both is queued in two parts, from ${from ? 'a client that may relay' : 'a stranger'}`, async () => {
      const { code, local, sent, site, session } = await queued({ options, ...(from && { from }), to: both });
      assert.deepEqual(
        [code, local, sent],
        [constants.ok, ['a@local.example,b@local.example'], [['a@backup.example']]],
      );
      const { transaction } = session.connection;
      assert.equal(transaction?.rcpt_to.length, 3, 'the transaction itself is as it was');
      assert.deepEqual(site.sent[0]?.header.header_list, [], 'the relayed part has no header of the local one');
      // A client that may relay needs no entry for the destination.
      assert.deepEqual(site.sent[0]?.notes.smtpcheck, { backup: from === undefined });
    });
  }

  it('keeps apart what other plugins have noted for each part', async () => {
    const seen: unknown[] = [];
    const { site } = await queued({
      options: { files: trusted },
      from: campus,
      to: ['a@local.example', 'a@victim.example', 'b@local.example'],
      arrange: (site) => {
        const forward = {
          name: 'queue/smtp_forward',
          hook_rcpt: (next: () => void, { transaction }: Connection, [{ host }]: readonly [Address]) => {
            const wants = host === 'local.example' ? 'smtp_forward' : 'outbound';
            Object.assign(transaction?.notes ?? {}, { queue: { wants } });
            next();
          },
          hook_queue: (next: () => void, { transaction }: Connection) => {
            seen.push(transaction?.notes.queue);
            next();
          },
        };
        site.hooks.unshift({ hook: 'rcpt', plugin: forward, method: 'hook_rcpt', priority: 0 });
        site.hooks.unshift({ hook: 'queue', plugin: forward, method: 'hook_queue', priority: 0 });
      },
    });
    assert.deepEqual(seen, [{ wants: 'smtp_forward' }]);
    assert.deepEqual(site.sent[0]?.notes.queue, { wants: 'outbound' });
  });

  const failures: readonly {
    readonly name: string;
    readonly local: readonly [code?: number, message?: string];
    readonly outbound?: readonly [code: number, message?: unknown];
    readonly code: number;
    readonly message?: RegExp;
    readonly sent: readonly string[];
    /** Recipients that a bounce is queued for. */
    readonly bounced?: readonly string[];
  }[] = [
    {
      name: 'is deferred whole, and nothing of it is sent out, while the queue plugins fail for now',
      local: [constants.denysoft, 'backend down'],
      code: constants.denysoft,
      message: /backend down/,
      sent: [],
    },
    {
      name: 'is deferred whole where no queue plugin takes it',
      local: [],
      code: constants.denysoft,
      message: /Queuing declined/,
      sent: [],
    },
    {
      name: 'is deferred where its relayed part cannot be queued',
      local: [constants.ok],
      outbound: [constants.denysoft, 'disk full'],
      code: constants.denysoft,
      message: /disk full/,
      sent: ['a@backup.example'],
    },
    {
      name: 'is accepted, with a bounce for the local recipients, where the queue plugins refuse it for good',
      local: [constants.deny, 'no such user'],
      code: constants.ok,
      message: /^Message queued, but refused for 2 of 3 recipients, which a bounce reports: no such user$/,
      sent: ['a@backup.example', 'a@local.example,b@local.example'],
      bounced: ['a@local.example', 'b@local.example'],
    },
    {
      name: 'is accepted, with a bounce for the relayed recipients, where those are refused for good',
      local: [constants.ok],
      outbound: [constants.deny, 'no'],
      code: constants.deny,
      sent: ['a@backup.example', 'a@backup.example'],
    },
  ];
  for (const { name, local, outbound, code, message, sent, bounced } of failures) {
    it(name, async () => {
      const result = await queued({
        to: both,
        answers: local,
        arrange: (site) => {
          if (outbound) site.outboundAnswer = outbound;
        },
      });
      assert.equal(result.code, code);
      const text = typeof result.message === 'object' ? (result.message as { reply: string }).reply : result.message;
      if (message) assert.match(String(text), message);
      assert.deepEqual(result.sent.map(String), sent);
      if (!bounced) return;
      const last = result.site.sent.at(-1);
      assert.deepEqual(last?.notes.smtpcheck, { refused: 'no such user' });
    });
  }

  it('of which some recipients are dropped goes to the others', async () => {
    const { code, local, sent } = await queued({ to: ['a@void.example', 'a@local.example', 'a@backup.example'] });
    assert.deepEqual([code, local, sent], [constants.ok, ['a@local.example'], [['a@backup.example']]]);
  });

  it('of which all recipients are dropped is taken and goes nowhere', async () => {
    const { code, local, sent } = await queued({ to: ['a@void.example'] });
    assert.deepEqual([code, local, sent], [constants.ok, [], []]);
  });

  it('goes by the domain of recipients that a plugin adds after DATA', async () => {
    const { local, sent } = await queued({
      options: { files: trusted },
      from: campus,
      to: ['a@local.example'],
      arrange: (site) => {
        const archive = {
          name: 'archive',
          hook_data_post: (next: () => void, { transaction }: Connection) => {
            const copies = ['archive@local.example', 'archive@elsewhere.example'].map((to) => site.addresses.make(to));
            Object.assign(transaction ?? {}, { rcpt_to: [...(transaction?.rcpt_to ?? []), ...copies] });
            next();
          },
        };
        site.hooks.push({ hook: 'data_post', plugin: archive, method: 'hook_data_post', priority: 0 });
      },
    });
    assert.deepEqual([local, sent], [['a@local.example,archive@local.example'], [['archive@elsewhere.example']]]);
  });

  it('that a plugin drops after DATA goes nowhere outside', async () => {
    const arrange = (site: Site) => {
      const drop = {
        name: 'drop',
        hook_data_post: (next: () => void, { transaction }: Connection) => {
          Object.assign(transaction?.notes ?? {}, { discard: true });
          next();
        },
      };
      site.hooks.push({ hook: 'data_post', plugin: drop, method: 'hook_data_post', priority: 0 });
    };
    const { local, sent } = await queued({ to: ['a@local.example', 'a@backup.example'], arrange });
    assert.deepEqual([local, sent], [['a@local.example'], []]);
  });

  it('is sent out as a whole with local_delivery=false', async () => {
    const { local, sent } = await queued({
      options: { files: trusted, ini: ['[relay]', 'local_delivery=false'] },
      from: campus,
      to: ['a@local.example', 'a@victim.example'],
    });
    assert.deepEqual([local, sent], [[], [['a@local.example', 'a@victim.example']]]);
  });
});

/** What no sequence of recipients may ever achieve. */
import assert from 'node:assert/strict';
import constants from 'haraka-constants';
import type { Address, Connection } from '../../src/types/haraka';
import { addressClasses, closeSites, Site } from '../../testkit/haraka';
import { fc } from '../../testkit/properties';

afterEach(closeSites);

const localParts = [
  'user',
  'spamtrap',
  '"john smith"',
  'a%victim.example',
  'victim.example!a',
  '"a@victim.example"',
  'SRS0=H=T=victim.example=a',
];
const domains = [
  ...[
    'local.example',
    'backup.example',
    'sub.backup.example',
    'old.backup.example',
    'victim.example',
    'backup.example.victim.example',
  ],
  ...[
    'notbackup.example',
    'one.example',
    'void.example',
    'partner.example',
    '[192.0.2.25]',
    '[192.0.2.26]',
    'constructor',
  ],
];
const mailbox = fc.tuple(fc.constantFrom(...localParts), fc.constantFrom(...domains)).map((parts) => parts.join('@'));
const step = fc.oneof(
  { weight: 8, arbitrary: mailbox },
  { weight: 1, arbitrary: fc.constantFrom('RSET', 'MAIL', 'HELO', 'PROXY', 'VRFY', 'postmaster') },
);

/** Who a stranger may reach, and where it goes, in words of its own. */
function dispositionOf(recipient: string): 'local' | 'relay' | 'discard' | undefined {
  const at = recipient.lastIndexOf('@');
  const [user, domain] = [recipient.slice(0, at), recipient.slice(at + 1)];
  if (recipient === 'postmaster@') return 'local';
  if (/[%!].|@/.test(user.replace(/^"|"$/g, '')) || domain === 'constructor') return undefined;
  if (domain === 'local.example') return 'local';
  if (domain === 'void.example') return 'discard';
  if (domain === 'one.example') return user === 'user' ? 'relay' : undefined;
  if (/^(sub\.)?backup\.example$/.test(domain))
    return user === 'spamtrap' && domain === 'backup.example' ? undefined : 'relay';
  return ['[192.0.2.25]', 'partner.example'].includes(domain) ? 'relay' : undefined;
}

function textOf({ user, host }: Address): string {
  return `${user}@${host ?? ''}`;
}

const files = {
  localip: '192.0.2',
  'relay.to': 'backup.example\n!old.backup.example\n!spamtrap@backup.example\nuser@one.example\n192.0.2.25',
  'relay.map': 'To:partner.example RELAY\nTo:void.example DISCARD\nTo:victim.example OK',
};

for (const addresses of addressClasses) {
  describe(`a stranger, with ${addresses.name}`, () => {
    it('never gets a recipient accepted that nothing permits, and each goes its own way', async () => {
      const site = new Site({ plugins: ['deny', 'helo', 'privacy', 'relay'], files, addresses });
      let accepted = 0;
      const delivered: string[] = [];
      const queuePlugin = {
        name: 'queue/test',
        hook_queue: (next: (code?: number) => void, { transaction }: Connection) => {
          delivered.push(...(transaction?.rcpt_to ?? []).map(textOf));
          next(constants.ok);
        },
      };
      site.hooks.push({ hook: 'queue', plugin: queuePlugin, method: 'hook_queue', priority: 0 });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), fc.boolean(), async (steps, trustedProxy) => {
          const session = site.session({ ip: trustedProxy ? '192.0.2.1' : '203.0.113.9' });
          await session.open();
          await session.proxied('203.0.113.9');
          await session.mail();
          for (const what of steps) {
            if (what === 'RSET') session.endTransaction();
            else if (what === 'HELO') await session.helo('lab1.campus.example');
            else if (what === 'PROXY') await session.proxied('203.0.113.10');
            else if (what === 'VRFY') await site.run('vrfy', session.connection, ['user']);
            if (what === 'MAIL' || !session.connection.transaction) await session.mail();
            if (!what.includes('@') && what !== 'postmaster') continue;
            if ((await session.rcpt(what)) === '250') accepted++;
            assert.equal(session.connection.relaying, false);
            for (const recipient of session.recipients) {
              assert.ok(dispositionOf(recipient), `${recipient} is permitted by nothing`);
            }
          }
          site.sent.length = 0;
          delivered.length = 0;
          const { recipients } = session;
          if (recipients.length === 0) return;
          assert.equal((await site.run('queue', session.connection)).code, constants.ok);
          const thatGo = (disposition: string) => recipients.filter((to) => dispositionOf(to) === disposition);
          const sent = site.sent.flatMap(({ rcpt_to }) => rcpt_to.map(textOf));
          assert.deepEqual([delivered, sent], [thatGo('local'), thatGo('relay')]);
        }),
        { numRuns: 150 },
      );
      assert.ok(accepted > 150, `${accepted} recipients were accepted`);
    });
  });
}

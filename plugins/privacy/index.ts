/** What strangers may ask (VRFY, EXPN, ETRN, VERB), and what gets marked. The decisions are in `core/privacy.ts`. */
import { authWarningHeader, authWarnings } from '../../core/auth-warning';
import { decideCommand } from '../../core/privacy';
import { answering, doing, join, leave, type SuitePlugin } from '../../runtime/answer';
import { clientOf, hostNameOf } from '../../runtime/client';
import { noOpinion } from '../../runtime/guard';
import type { Connection } from '../../types/haraka';

const first = -100;

export function register(this: SuitePlugin): void {
  join(this, 'privacy');
  registerPrivacy(this);
}

export function registerPrivacy(plugin: SuitePlugin): void {
  plugin.register_hook('vrfy', 'privacy_vrfy', first);
  plugin.register_hook('unrecognized_command', 'privacy_command', first);
  plugin.register_hook('data_post', 'privacy_mark', first);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

export const privacy_vrfy = answering({
  plugin: 'privacy',
  hook: 'vrfy',
  decide: ({ policy, connection }) =>
    decideCommand(policy.privacy, { command: 'VRFY', introduced: isIntroduced(connection) }),
});

/** Haraka knows no EXPN, ETRN and VERB; they come here in the client's letter case. */
export const privacy_command = answering({
  plugin: 'privacy',
  hook: 'unrecognized_command',
  decide: ({ policy, connection }, [command]: readonly string[]) =>
    decideCommand(policy.privacy, { command: (command ?? '').toUpperCase(), introduced: isIntroduced(connection) }),
});

/** With `authwarnings`: warnings that a stranger brings along are no warnings of ours, and go. */
export const privacy_mark = doing({
  plugin: 'privacy',
  hook: 'data_post',
  run({ policy, connection }) {
    const { transaction } = connection;
    if (!transaction || !policy.privacy.flags.has('authwarnings') || policy.mode.privacy === 'observe') {
      return noOpinion;
    }
    const client = clientOf(connection);
    const clientName = hostNameOf(connection);
    const brought = transaction.header.get_all(authWarningHeader).length > 0;
    if (brought && !connection.relaying) transaction.remove_header(authWarningHeader);
    const warnings = authWarnings({
      ourName: connection.local.host,
      clientAddress: client.address,
      clientIp: client.ip,
      clientName,
      clientNameConfirmed: clientName !== undefined && client.names.confirmed.includes(clientName.toLowerCase()),
      claimedHelo: connection.hello.host ?? undefined,
    });
    for (const text of warnings) transaction.add_header(authWarningHeader, text);
    return noOpinion;
  },
});

function isIntroduced(connection: Connection): boolean {
  return Boolean(connection.hello.host);
}

/** What strangers may ask (VRFY, EXPN, ETRN, VERB), and what gets marked. The decisions are in `core/privacy.ts`. */
import { authWarningHeader, authWarnings } from '../../core/auth-warning';
import { decideCommand } from '../../core/privacy';
import { first, join, leave, registerHook, type SuitePlugin, type Task } from '../../runtime/answer';
import { clientOf, hostNameOf } from '../../runtime/client';
import { noOpinion } from '../../runtime/guard';
import type { Connection } from '../../types/haraka';

/** In the spelling of Haraka's own keys: another has to be made lower case at every message. */
const headerKey = authWarningHeader.toLowerCase();

export function register(this: SuitePlugin): void {
  join(this, 'privacy');
  registerPrivacy(this);
}

export function registerPrivacy(plugin: SuitePlugin): void {
  registerHook(plugin, 'vrfy', 'privacy_vrfy', first, vrfy);
  registerHook(plugin, 'unrecognized_command', 'privacy_command', first, command);
  registerHook(plugin, 'data_post', 'privacy_mark', first, mark);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

const vrfy: Task = {
  plugin: 'privacy',
  hook: 'vrfy',
  run: ({ policy, connection }) =>
    decideCommand(policy.privacy, { command: 'VRFY', introduced: isIntroduced(connection) }),
};

/** Haraka knows no EXPN, ETRN and VERB; they come here in the client's letter case. */
const command: Task<Connection, readonly string[]> = {
  plugin: 'privacy',
  hook: 'unrecognized_command',
  run: ({ policy, connection }, [command]) =>
    decideCommand(policy.privacy, { command: (command ?? '').toUpperCase(), introduced: isIntroduced(connection) }),
};

/** With `authwarnings`: warnings that a stranger brings along are no warnings of ours, and go. */
const mark: Task = {
  plugin: 'privacy',
  hook: 'data_post',
  run({ policy, connection }) {
    const { transaction } = connection;
    if (!transaction || !policy.privacy.flags.authwarnings || policy.mode.privacy === 'observe') return noOpinion;
    const brought = transaction.header.get_all(headerKey).length > 0;
    if (brought && !connection.relaying) transaction.remove_header(authWarningHeader);
    const client = clientOf(connection);
    const clientName = hostNameOf(connection);
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
};

function isIntroduced(connection: Connection): boolean {
  return Boolean(connection.hello.host);
}

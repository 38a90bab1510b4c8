/** What strangers may ask (VRFY, EXPN, ETRN, VERB), and what gets marked. The decisions are in `src/policy/privacy.ts`. */

import { first, join, leave, registerHook, type SuitePlugin, type Task } from '../../src/host/answer';
import { clientOf, hostNameOf } from '../../src/host/client';
import { noOpinion } from '../../src/host/guard';
import { authWarningHeader, authWarnings } from '../../src/policy/auth-warning';
import { normalizeDnsName } from '../../src/policy/entries/domain-name';
import { decideCommand } from '../../src/policy/privacy';
import type { Connection, Transaction } from '../../src/types/haraka';

/** RFC 5322 §4.5.8 has a reader take blanks before the colon; Haraka keeps such a line, and knows no name for it. */
const warningLine = new RegExp(`^${authWarningHeader}\\s*:`, 'i');

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
    if (!connection.relaying) removeWarnings(transaction);
    const client = clientOf(connection);
    const clientName = hostNameOf(connection);
    const warnings = authWarnings({
      ourName: connection.local.host,
      clientAddress: client.address,
      clientIp: client.ip,
      clientName,
      clientNameConfirmed: clientName !== undefined && client.names.confirmed.includes(normalizeDnsName(clientName)),
      claimedHelo: connection.hello.host ?? undefined,
    });
    for (const text of warnings) transaction.add_header(authWarningHeader, text);
    return noOpinion;
  },
};

function removeWarnings(transaction: Transaction): void {
  const lines = transaction.header.header_list;
  if (!lines.some((line) => warningLine.test(line))) return;
  transaction.remove_header(authWarningHeader);
  const others = lines.filter((line) => !warningLine.test(line));
  // With no line at all Haraka would send the headers as they came.
  lines.splice(0, lines.length, ...(others.length > 0 ? others : ['']));
}

function isIntroduced(connection: Connection): boolean {
  return Boolean(connection.hello.host);
}

/**
 * `smtpcheck` in `config/plugins`: all four plugins as one. Haraka calls the hook methods by name on the loaded plugin,
 * so every one of them is exported here.
 */
import { deny_connect, deny_recipient } from './plugins/deny/index';
import { registerHelo } from './plugins/helo/index';
import { registerPrivacy } from './plugins/privacy/index';
import { registerRelayAlone, relay_guard_recipient, relay_trust_name } from './plugins/relay/index';
import { inTurn, join, leave, type SuitePlugin } from './runtime/answer';

export { helo_check_introduced, helo_check_name } from './plugins/helo/index';
export { privacy_command, privacy_mark, privacy_vrfy } from './plugins/privacy/index';
export {
  relay_decide_recipient,
  relay_next_hops,
  relay_queue,
  relay_queue_outbound,
  relay_split_transaction,
  relay_trust_address,
} from './plugins/relay/index';

const first = -100;

/** Deny comes first, so that it is asked before anything that could accept. Two hooks in one spare each message two. */
export const smtpcheck_connect = inTurn(deny_connect, relay_trust_name);
export const smtpcheck_recipient = inTurn(deny_recipient, relay_guard_recipient);

export function register(this: SuitePlugin): void {
  for (const name of ['deny', 'helo', 'privacy', 'relay'] as const) join(this, name);
  this.register_hook('connect', 'smtpcheck_connect', first);
  this.register_hook('rcpt', 'smtpcheck_recipient', first);
  registerHelo(this);
  registerPrivacy(this);
  registerRelayAlone(this);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

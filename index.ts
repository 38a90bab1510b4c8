/**
 * `smtpcheck` in `config/plugins`: all four plugins as one. Haraka calls the hook methods by name on the loaded plugin,
 * so every one of them is exported here.
 */
import { registerDeny } from './plugins/deny/index';
import { registerHelo } from './plugins/helo/index';
import { registerPrivacy } from './plugins/privacy/index';
import { registerRelay } from './plugins/relay/index';
import { join, leave, type SuitePlugin } from './runtime/answer';

export { deny_connect, deny_recipient } from './plugins/deny/index';
export { helo_check_introduced, helo_check_name } from './plugins/helo/index';
export { privacy_command, privacy_mark, privacy_vrfy } from './plugins/privacy/index';
export {
  relay_decide_recipient,
  relay_guard_recipient,
  relay_next_hops,
  relay_queue,
  relay_split_transaction,
  relay_trust_address,
  relay_trust_name,
} from './plugins/relay/index';

/** Deny comes first, so that it is asked before anything that could accept. */
export function register(this: SuitePlugin): void {
  for (const name of ['deny', 'helo', 'privacy', 'relay'] as const) join(this, name);
  registerDeny(this);
  registerHelo(this);
  registerPrivacy(this);
  registerRelay(this);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

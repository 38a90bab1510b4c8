/** `smtpcheck` in `config/plugins`: all four plugins as one. */
import { pluginNames } from './core/settings';
import { denyAtConnect, denyAtRecipient } from './plugins/deny/index';
import { registerHelo } from './plugins/helo/index';
import { registerPrivacy } from './plugins/privacy/index';
import { guardRecipient, registerRelayAlone, trustName } from './plugins/relay/index';
import { first, join, leave, registerHook, type SuitePlugin } from './runtime/answer';

export function register(this: SuitePlugin): void {
  for (const name of pluginNames) join(this, name);
  // Deny comes first, so that it is asked before anything that could accept. Two hooks in one spare each message two.
  registerHook(this, 'connect', 'smtpcheck_connect', first, denyAtConnect, trustName);
  registerHook(this, 'rcpt', 'smtpcheck_recipient', first, denyAtRecipient, guardRecipient);
  registerHelo(this);
  registerPrivacy(this);
  registerRelayAlone(this);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

/** `smtpcheck` in `config/plugins`: all four plugins as one. */

import { denyAtConnect, denyAtRecipient } from './plugins/deny/index';
import { checkIntroduced, registerHeloAlone } from './plugins/helo/index';
import { registerPrivacy } from './plugins/privacy/index';
import { guardRecipient, registerRelayAlone, trustName, trustSender } from './plugins/relay/index';
import { first, join, leave, registerHook, type SuitePlugin } from './src/host/answer';
import { pluginNames } from './src/policy/settings/settings';

export function register(this: SuitePlugin): void {
  for (const name of pluginNames) join(this, name);
  // Deny comes first, so that it is asked before anything that could accept. Two hooks in one spare each message two.
  registerHook(this, 'connect', 'smtpcheck_connect', first, denyAtConnect, trustName);
  registerHook(this, 'mail', 'smtpcheck_sender', first, checkIntroduced, trustSender);
  registerHook(this, 'rcpt', 'smtpcheck_recipient', first, denyAtRecipient, guardRecipient);
  registerHeloAlone(this);
  registerPrivacy(this);
  registerRelayAlone(this);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

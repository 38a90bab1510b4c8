/** A client introduces itself with a well-formed name before it sends mail. The decisions are in `core/hello.ts`. */
import { pass } from '../../core/decision';
import { decideHello, decideMailHello } from '../../core/hello';
import { answering, join, leave, type SuitePlugin } from '../../runtime/answer';

const first = -100;

export function register(this: SuitePlugin): void {
  join(this, 'helo');
  registerHelo(this);
}

export function registerHelo(plugin: SuitePlugin): void {
  plugin.register_hook('helo', 'helo_check_name', first);
  plugin.register_hook('ehlo', 'helo_check_name', first);
  plugin.register_hook('mail', 'helo_check_introduced', first);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

export const helo_check_name = answering({
  plugin: 'helo',
  hook: 'helo',
  decide: (_call, name: string) => decideHello(name),
});

const notNeeded = pass('hello-not-needed');

/** With `needmailhelo`. Haraka asks for a HELO itself; this holds even where another plugin let a bad one pass. */
export const helo_check_introduced = answering({
  plugin: 'helo',
  hook: 'mail',
  decide({ policy, connection }) {
    if (!policy.privacy.flags.has('needmailhelo')) return notNeeded;
    return decideMailHello(connection.hello.host ?? undefined);
  },
});

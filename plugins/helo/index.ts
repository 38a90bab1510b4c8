/** A client introduces itself with a well-formed name before it sends mail. The decisions are in `src/policy/hello.ts`. */

import { first, join, leave, registerHook, type SuitePlugin, type Task } from '../../src/host/answer';
import { pass } from '../../src/policy/decision';
import { decideHello, decideMailHello } from '../../src/policy/hello';
import type { AddressParams, Connection } from '../../src/types/haraka';

export function register(this: SuitePlugin): void {
  join(this, 'helo');
  registerHelo(this);
}

export function registerHelo(plugin: SuitePlugin): void {
  registerHook(plugin, 'mail', 'helo_check_introduced', first, checkIntroduced);
  registerHeloAlone(plugin);
}

/** The hooks at which no other plugin of the suite is asked. */
export function registerHeloAlone(plugin: SuitePlugin): void {
  registerHook(plugin, 'helo', 'helo_check_name', first, checkName);
  registerHook(plugin, 'ehlo', 'helo_check_name', first, checkName);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

const checkName: Task<Connection, string> = {
  plugin: 'helo',
  hook: 'helo',
  run: (_call, name) => decideHello(name),
};

const notNeeded = pass('hello-not-needed');

/** With `needmailhelo`. Haraka asks for a HELO itself; this holds even where another plugin let a bad one pass. */
export const checkIntroduced: Task<Connection, AddressParams> = {
  plugin: 'helo',
  hook: 'mail',
  run({ policy, connection }) {
    if (!policy.privacy.flags.needmailhelo) return notNeeded;
    return decideMailHello(connection.hello.host ?? undefined);
  },
};

/** Whether a POP3 server tells users from others, and makes guessing slow. */

import type { PopCheck } from '../check';
import { report, safe, unknown, unsafe } from '../outcome';
import type { PopContext } from '../pop3-context';
import { randomUser } from '../session/channel';
import { DialogueFault } from '../session/dialogue-fault';
import { shortened } from '../transcript';
import { judgeUsers, type Sample } from '../users';
import { popFix } from './pop3-login';

const noPassword = 'smtpcheck-is-no-password';

async function login(context: PopContext, name: string, likely: boolean): Promise<Sample> {
  const pop = await context.connect();
  const user = await context.command(pop, `USER ${name}`);
  if (!user.ok) return { name, likely, reply: `USER: ${user.line}`, accepted: false, ms: user.ms };
  const pass = await context.command(pop, `PASS ${noPassword}`);
  return { name, likely, reply: `USER: ${user.line}, PASS: ${pass.line}`, accepted: pass.ok, ms: pass.ms };
}

const users: PopCheck = {
  id: 'pop3-users',
  title: 'Login tells users from others',
  why: 'Where the refusal for a user that exists differs from the one for a user that does not, passwords need to be guessed only for real ones.',
  fix: {
    ...popFix,
    dovecot: 'Stock Dovecot gives the same answer; look at `auth_verbose`-like patches and the passdb.',
  },
  async run(context) {
    const samples: Sample[] = [];
    for (const name of context.audit.likelyUsers.slice(0, 2)) {
      samples.push(await login(context, randomUser(), false), await login(context, name, true));
    }
    const stranger = samples.find(({ accepted, likely }) => accepted && !likely);
    if (stranger !== undefined) return unsafe(`a user that cannot exist is let in: ${stranger.reply}`);
    return judgeUsers(samples, 'unsafe');
  },
};

const delay: PopCheck = {
  id: 'pop3-failure-delay',
  title: 'A pause after a failed login',
  why: 'Without one, and without an end to the tries, a machine guesses thousands of passwords a minute.',
  fix: {
    ...popFix,
    dovecot: '`auth_failure_delay = 2 secs` (the default), and login penalties through `auth_penalty`.',
  },
  async run(context) {
    const pop = await context.connect();
    const name = randomUser();
    const times: number[] = [];
    for (let turn = 0; turn < 3 && pop.isOpen; turn += 1) {
      try {
        const user = await context.command(pop, `USER ${name}`);
        if (!user.ok) {
          if (turn === 0) return safe(`no login is tried here: USER → ${shortened(user.line)}`);
          break;
        }
        const pass = await context.command(pop, `PASS ${noPassword}`);
        times.push(pass.ms);
      } catch (error) {
        if (error instanceof DialogueFault && error.kind === 'closed' && times.length > 0) {
          return safe(`the server hangs up after ${times.length} failed logins`);
        }
        throw error;
      }
    }
    if (times.length === 0) return unknown('no login could be tried');
    const shown = times.map((ms) => `${(ms / 1000).toFixed(1)} s`).join(', ');
    if (!pop.isOpen) return safe(`the server hangs up after ${times.length} failed logins`);
    return Math.max(...times) >= 900 ? safe(`replies take ${shown}`) : report(`none: replies take ${shown}`);
  },
};

export const popUserChecks: readonly PopCheck[] = [users, delay];

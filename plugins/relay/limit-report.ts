/**
 * The mail to `[limits] report_to` on a limit that was reached: at most one a day for each client, entry or user. It comes from the
 * null sender, so that nothing bounces, and through Haraka's queue, where nothing is counted.
 */
import { randomUUID } from 'node:crypto';
import constants from 'haraka-constants';
import type { Call } from '../../src/host/answer';
import { formatLimit } from '../../src/policy/entries/limit';
import { printable } from '../../src/policy/findings/characters';
import type { Counter } from '../../src/policy/limits';
import type { Address } from '../../src/types/haraka';

const oneADay = { recipients: 1, period: 24 * 60 * 60 * 1000 };

/** `endsIn`: milliseconds until the window of the limit ends. Rejects where the mail cannot be queued. */
export async function sendReport(call: Call, recipient: Address, counter: Counter, endsIn: number): Promise<void> {
  const { plugin, suite, policy } = call;
  const { report_to: to } = policy.settings.limits;
  if (to === '') return;
  const text = textOf(call, recipient, counter, endsIn);
  const report: Counter = { subject: 'report', name: counter.name, limit: oneADay };
  if ((await suite.limits.count({ counters: [report], recipients: 1 })).over !== undefined) return;
  await new Promise<void>((resolve, reject) => {
    plugin.haraka_require('outbound').send_email('<>', `<${to}>`, text, (code, message) => {
      if (code === constants.ok) resolve();
      else reject(new Error(String(message)));
    });
  });
}

function textOf({ policy, connection }: Call, recipient: Address, counter: Counter, endsIn: number): string {
  const { subject, name, limit, at } = counter;
  const [recipients, period] = formatLimit(limit).split('/');
  const host = connection.local.host;
  const who = { client: 'The client', entry: 'Clients of the entry', user: 'The user', report: '' }[subject];
  const isEnforced = policy.limits?.mode === 'enforce' && policy.relay.attributes === 'enforce';
  const lines = [
    `From: smtpcheck <postmaster@${host}>`,
    `To: <${policy.settings.limits.report_to}>`,
    `Subject: smtpcheck: ${shown(name).replace(/[^ -~]/g, '?')} is over its limit of ${recipients} recipients in ${period}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${randomUUID()}@${host}>`,
    // RFC 3834: nothing that answers by itself is to answer this.
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    `${who} ${shown(name)} may have ${recipients} recipients outside in ${period},`,
    `and has tried to have more. ${isEnforced ? 'Further ones are deferred' : 'Only observed: further ones are accepted'} until ${new Date(Date.now() + endsIn).toISOString()}.`,
    '',
    `Limit:      ${at ? shown(`${at.file}:${at.line}`) : 'smtpcheck.ini'}`,
    `Client:     ${shown(connection.remote.ip ?? '')}`,
    `Sender:     ${shown(connection.transaction?.mail_from?.format() ?? '')}`,
    `Recipient:  ${shown(recipient.format())}`,
    '',
    'On the server, what was counted, and how to begin anew:',
    '  smtpcheck limits',
    '  smtpcheck limits --reset NAME',
    '',
    'There is no further report on it within a day.',
    '',
  ];
  return lines.join('\r\n');
}

/** Senders and recipients are texts of the client's. */
function shown(text: string): string {
  return printable(text).slice(0, 300);
}

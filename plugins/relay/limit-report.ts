/**
 * The mail to `[limits] report_to` on a limit that was reached: at most one a day for each client, entry or user. It comes from the
 * null sender, so that nothing bounces, and through Haraka's queue, where nothing is counted.
 */
import { randomUUID } from 'node:crypto';
import constants from 'haraka-constants';
import type { Call, SuitePlugin } from '../../src/host/answer';
import type { Mark } from '../../src/host/dispositions';
import { formatLimit } from '../../src/policy/attributes/limit';
import { printable } from '../../src/policy/findings/characters';
import type { Counter } from '../../src/policy/limits';
import type { Address } from '../../src/types/haraka';

/** What was counted, and the recipient that was the first beyond the limit. */
export interface Reached {
  readonly counter: Counter;
  readonly recipient: Address;
  /** Milliseconds until the period of the limit ends. */
  readonly endsIn: number;
  /** The recipient was accepted all the same. */
  readonly isObserved: boolean;
}

const oneADay = { recipients: 1, period: 24 * 60 * 60 * 1000 };

/** Rejects where the mail cannot be queued. */
export async function sendReport(call: Call, reached: Reached): Promise<void> {
  const { plugin, suite, policy } = call;
  const { report_to: to } = policy.settings.limits;
  if (to === '') return;
  const text = textOf(call, reached);
  const report: Counter = { subject: 'report', name: reached.counter.name, limit: oneADay };
  if ((await suite.limits.count({ counters: [report], recipients: 1 })).over !== undefined) return;
  const isLocal = policy.relay.localDomains.has(to.slice(to.lastIndexOf('@') + 1).toLowerCase());
  const mark: Mark = isLocal ? { listener: listenerOf(plugin) } : {};
  await new Promise<void>((resolve, reject) => {
    const queued = (code: number, message: unknown) => {
      if (code === constants.ok) resolve();
      else reject(new Error(String(message)));
    };
    plugin.haraka_require('outbound').send_email('<>', `<${to}>`, text, queued, { notes: { smtpcheck: mark } });
  });
}

/** A listener of `smtp.ini`, that of port 25 before others, by an address that leads to this host. */
function listenerOf(plugin: SuitePlugin): { readonly exchange: string; readonly port: number } {
  const { main } = plugin.config.get('smtp.ini', 'ini') as { readonly main?: Readonly<Record<string, unknown>> };
  const all = [...String(main?.listen ?? '').matchAll(/([0-9A-Fa-f:.]*)\]?:([0-9]+)(?=[\s,;]|$)/g)];
  const [, host = '', port] = all.find(([, , one]) => one === '25') ?? all[0] ?? [];
  const isEverywhere = /^[0:.]*$/.test(host);
  return { exchange: isEverywhere ? '127.0.0.1' : host, port: Number(port ?? main?.port ?? 25) };
}

function textOf({ policy, connection }: Call, { counter, recipient, endsIn, isObserved }: Reached): string {
  const { subject, name, limit, at } = counter;
  const [recipients, period] = formatLimit(limit).split('/');
  const host = connection.local.host;
  const who = { client: 'The client', entry: 'Clients of the entry', user: 'The user', report: '' }[subject];
  const until = new Date(Date.now() + endsIn).toISOString();
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
    `and asked for more. ${isObserved ? 'This is only observed: further ones are accepted.' : `Further ones are deferred until ${until}.`}`,
    '',
    `Limit:      ${at ? shown(`${at.file}:${at.line}`) : 'smtpcheck.ini'}`,
    `Client:     ${shown(connection.remote.ip ?? '')}`,
    `Sender:     ${shown(connection.transaction?.mail_from?.format() ?? '')}`,
    `Recipient:  ${shown(recipient.format())}`,
    '',
    'On the server, what is counted, and how to begin anew:',
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

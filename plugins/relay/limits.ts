/**
 * How many recipients a trusted client or a user may have. They are counted where one is accepted for good, behind all other
 * plugins, and only those that leave the site because the client is trusted or has authenticated.
 */
import { type Call, recordOpinion, type Task } from '../../src/host/answer';
import { clientOf, isAuthenticated } from '../../src/host/client';
import { noOpinion } from '../../src/host/guard';
import { formatLimit } from '../../src/policy/attributes/limit';
import type { Defer } from '../../src/policy/decision';
import { printable } from '../../src/policy/findings/characters';
import { type Counter, countersOf, decideCounted } from '../../src/policy/limits';
import { isOpenToAll } from '../../src/policy/relay-decision';
import type { Address, Connection } from '../../src/types/haraka';
import { type Reached, sendReport } from './limit-report';
import { relayRequest } from './requests';
import { newRelayed, takeBackRecipient } from './routing';
import { isOurGrant, trustInMail } from './trust';

export const limitRecipient: Task<Connection, Address, Defer> = {
  plugin: 'relay',
  hook: 'rcpt_ok',
  recipient: (recipient) => recipient,
  run(call, recipient) {
    const { suite, policy, connection } = call;
    const { transaction } = connection;
    if (!policy.limits || !transaction || policy.mode.relay === 'observe') return noOpinion;
    const counters = countersFor(call);
    if (counters.length === 0) return noOpinion;
    const relayed = newRelayed(call, transaction);
    const counted = relayed.filter((address) => !isOpenToAll(policy.relay, relayRequest(call, address))).length;
    if (counted === 0) return noOpinion;
    return suite.limits.count({ counters, recipients: counted }).then((result) => {
      const counter = counters[result.over ?? -1];
      if (!counter) return noOpinion;
      const observed = isObserved(call, counter);
      if (result.isFirst) announce(call, { counter, recipient, endsIn: result.endsIn, isObserved: observed });
      const decision = decideCounted(counter);
      if (observed) {
        recordOpinion(call, { hook: 'rcpt_ok', observing: true, recipient }, decision);
        return noOpinion;
      }
      takeBackRecipient(connection, transaction);
      return decision;
    });
  },
};

/** What the client is counted for. AUTH is a right of its own, and what another plugin has granted is not ours to count. */
function countersFor(call: Call): readonly Counter[] {
  const { suite, policy, connection } = call;
  const client = clientOf(connection);
  const user = isAuthenticated(connection) ? String(connection.notes.auth_user) : undefined;
  if (!policy.limits || (user === undefined && connection.relaying && !isOurGrant(connection, client))) return [];
  const trust = user === undefined ? trustInMail(call, client) : undefined;
  return countersOf(policy.limits, { address: client.address, user, trust }, (at) => {
    // Without comment and attributes: an edit of those counts on.
    const [text] = suite.entryAt(at)?.text?.split(/[ \t]/) ?? [];
    return text ?? `${at.file}:${at.line}`;
  });
}

function isObserved({ policy: { limits, relay } }: Call, { limit }: Counter): boolean {
  const isOfSetting = limit === limits?.client || limit === limits?.user;
  return limits?.mode === 'observe' || (!isOfSetting && relay.attributes === 'observe');
}

/** Once in a window, by whichever process or machine has refused the first recipient. */
function announce(call: Call, reached: Reached): void {
  const { plugin, connection } = call;
  const { recipient, endsIn } = reached;
  const { subject, name, limit, at } = reached.counter;
  connection.logwarn(plugin, 'smtpcheck limit reached', {
    subject,
    // Haraka takes an object with a name for a plugin.
    counted: printable(name),
    limit: formatLimit(limit),
    at: at ? `${at.file}:${at.line}` : '',
    ip: connection.remote.ip ?? '',
    from: printable(connection.transaction?.mail_from?.format() ?? ''),
    rcpt: printable(recipient.format()),
    until: new Date(Date.now() + endsIn).toISOString(),
    ...(reached.isObserved && { observed: true }),
  });
  sendReport(call, reached).catch((error: unknown) =>
    plugin.logerror(`smtpcheck: the report on ${printable(name)} was not sent: ${printable(String(error))}`),
  );
}

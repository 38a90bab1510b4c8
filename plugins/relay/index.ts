/**
 * Who may relay through us. The decision is `src/policy/relay-decision.ts`; here the facts are gathered and the answer is
 * given, hook by hook in the order in which a session meets them.
 */
import constants from 'haraka-constants';
import { type Call, first, join, last, leave, registerHook, type SuitePlugin, type Task } from '../../src/host/answer';
import { type Client, clientOf, forgetExpiredNames, namesFromHaraka, refuseProxyLines } from '../../src/host/client';
import { keepPermit } from '../../src/host/dispositions';
import { answerWith, type HookAnswer, noOpinion } from '../../src/host/guard';
import { dependsOnSender, trusts, trustWithdrawn } from '../../src/policy/client-trust';
import { decideRecipientForm, type FormDecision, formNeedsClientName } from '../../src/policy/recipient-form';
import { decideRelay, needsClientName, needsExchanges } from '../../src/policy/relay-decision';
import type { RelayDecision } from '../../src/policy/relay-policy';
import type { Address, AddressParams, Connection, OutboundMail } from '../../src/types/haraka';
import { lookUpExchanges } from './exchanges';
import { factsOf } from './facts';
import { limitRecipient } from './limits';
import { describeRefusal, nextHops } from './next-hops';
import { formRequest, relayRequest } from './requests';
import { queue, queueOutbound, routeRecipient, sendOutLast, watchRecipient } from './routing';
import { grantTrust, grantTrustToSender, reviewTrust, trustInTransaction } from './trust';
import { verifyRecipient } from './verify';

export function register(this: SuitePlugin): void {
  join(this, 'relay');
  registerRelay(this);
}

export function registerRelay(plugin: SuitePlugin): void {
  registerHook(plugin, 'connect', 'relay_trust_name', first, trustName);
  registerHook(plugin, 'mail', 'relay_trust_sender', first, trustSender);
  registerHook(plugin, 'rcpt', 'relay_guard_recipient', first, guardRecipient);
  registerRelayAlone(plugin);
}

/** The hooks at which no other plugin of the suite is asked. */
export function registerRelayAlone(plugin: SuitePlugin): void {
  registerHook(plugin, 'connect_init', 'relay_trust_address', first, trustAddress);
  registerHook(plugin, 'rcpt', 'relay_decide_recipient', last, decideRecipient);
  registerHook(plugin, 'rcpt_ok', 'relay_route_recipient', last, limitRecipient, routeRecipient);
  registerHook(plugin, 'queue', 'relay_queue', first, queue);
  registerHook(plugin, 'queue_outbound', 'relay_queue_outbound', first, queueOutbound);
  registerHook(plugin, 'queue_outbound', 'relay_send_out', last, sendOutLast);
  registerHook(plugin, 'get_mx', 'relay_next_hops', first, findNextHops);
  registerHook(plugin, 'bounce', 'relay_bounce', first, tellRefusal);
}

export function shutdown(this: SuitePlugin): void {
  leave(this);
}

/** A client in `localip` is ours from the start, for other plugins too. Haraka runs this again after a PROXY line. */
const trustAddress: Task = {
  plugin: 'relay',
  hook: 'connect_init',
  run(call) {
    grantTrust(call);
    return noOpinion;
  },
};

/** The same by name, if the PTR name that Haraka found lies in `localdomain` and leads back to the address. */
export const trustName: Task = {
  plugin: 'relay',
  hook: 'connect',
  run(call) {
    const { policy, connection } = call;
    if (policy.mode.relay === 'enforce') refuseProxyLines(connection);
    const client = clientOf(connection);
    // XCLIENT leads here and not through connect_init, so the address counts again.
    grantTrust(call, client);
    return grantByName(call, client, grantTrust);
  },
};

/** What depends on the sender, where any entry has `from=`: other plugins are asked about this MAIL after us. */
export const trustSender: Task<Connection, AddressParams> = {
  plugin: 'relay',
  hook: 'mail',
  run(call) {
    if (!dependsOnSender(call.policy.relay)) return noOpinion;
    const client = clientOf(call.connection);
    forgetExpiredNames(client);
    grantTrustToSender(call, client);
    return client.names.state === 'unasked' ? grantByName(call, client, grantTrustToSender) : noOpinion;
  },
};

/** Only if the PTR name that Haraka found could give trust, it is worth while to see whether it leads back to the address. */
function grantByName(call: Call, client: Client, grant: (call: Call) => void): HookAnswer | Promise<HookAnswer> {
  const { policy, connection } = call;
  const [name] = namesFromHaraka(connection).claimed;
  if (connection.relaying || !name || !client.address) return noOpinion;
  const facts = factsOf(call, client);
  if (!trusts(policy.relay, policy.relay.clientDomains.findDomain(name, facts.time), facts)) return noOpinion;
  return lookUpNames(call).then(() => {
    grant(call);
    return noOpinion;
  });
}

/** Before the other plugins: trust that the lists no longer give is gone; impossible domains and routes are refused. */
export const guardRecipient: Task<Connection, AddressParams> = {
  plugin: 'relay',
  hook: 'rcpt',
  recipient: ([address]) => address,
  run(call, [address]) {
    const client = clientOf(call.connection);
    forgetExpiredNames(client);
    // A name may lead elsewhere by now.
    const trust = client.trust ?? trustInTransaction(call.connection);
    const mustLookUp = trust?.rule === 'client-domain' && client.names.state === 'unasked';
    return mustLookUp ? lookUpNames(call).then(() => guard(call, address)) : guard(call, address);
  },
};

function guard(call: Call, address: Address): FormDecision | HookAnswer | Promise<FormDecision> {
  if (reviewTrust(call, clientOf(call.connection))) return reconnect(call);
  watchRecipient(call.connection);
  const request = formRequest(call, address);
  if (!formNeedsClientName(call.policy.relay, request)) return decideRecipientForm(call.policy.relay, request);
  return lookUpNames(call).then(() => decideRecipientForm(call.policy.relay, formRequest(call, address)));
}

/** A plugin that only observes has to end what it began before. */
function reconnect({ policy }: Call): typeof trustWithdrawn | HookAnswer {
  return policy.mode.relay === 'observe' ? answerWith('rcpt', trustWithdrawn.reply) : trustWithdrawn;
}

/** After the other plugins, none of which has vouched for the recipient. */
const decideRecipient: Task<Connection, AddressParams, RelayDecision> = {
  plugin: 'relay',
  hook: 'rcpt',
  recipient: ([address]) => address,
  run(call, [address]): RelayDecision | HookAnswer | Promise<RelayDecision> {
    // The lists may have changed while another plugin was busy with this recipient.
    if (reviewTrust(call, clientOf(call.connection))) return reconnect(call);
    return needsClientName(call.policy.relay, relayRequest(call, address))
      ? lookUpNames(call).then(() => decideWithExchanges(call, address))
      : decideWithExchanges(call, address);
  },
  permitIsFinalLater: true,
  onPermit(permit, [address], { connection }) {
    keepPermit(connection.transaction, address, permit);
    return { code: constants.ok };
  },
};

/** MX records and then the next hop are the last that are asked. */
function decideWithExchanges(call: Call, address: Address): RelayDecision | Promise<RelayDecision> {
  const request = relayRequest(call, address);
  if (!needsExchanges(call.policy.relay, request)) {
    return verifyRecipient(call, address, () => decideRelay(call.policy.relay, relayRequest(call, address)));
  }
  return lookUpExchanges(call, request.recipient.domain).then((exchanges) => {
    call.renew();
    const decide = () => decideRelay(call.policy.relay, { ...relayRequest(call, address), exchanges });
    return verifyRecipient(call, address, decide);
  });
}

/** Where mail for a domain goes that we relay to: its route, or the MX hosts before this one. */
const findNextHops: Task<OutboundMail, string> = {
  plugin: 'relay',
  hook: 'get_mx',
  run: ({ suite, connection: mail }, domain) => nextHops(suite, mail, domain),
};

/** What a queue has refused for good, after another had taken the rest of the message, is bounced with the words of the refusal. */
const tellRefusal: Task<OutboundMail, Error> = {
  plugin: 'relay',
  hook: 'bounce',
  run({ connection: mail }, error) {
    describeRefusal(mail, error);
    return noOpinion;
  },
};

/** Looks up the client's names, and takes the policy in force by then. */
async function lookUpNames(call: Call): Promise<void> {
  const { suite, connection } = call;
  const client = clientOf(connection);
  const { ip, address } = client;
  if (address) client.names = await suite.names.confirmed({ ip, address });
  call.renew();
}

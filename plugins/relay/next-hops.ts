/** The next hops of mail that we relay: a route of `relay.to` as it stands, else MX records before our own. */
import constants from 'haraka-constants';
import { markOf } from '../../src/host/dispositions';
import { answerWith, type HookAnswer, localProblem, noOpinion } from '../../src/host/guard';
import type { Suite } from '../../src/host/suite';
import { formatAddress, type IpAddress, parseAddressLiteral } from '../../src/policy/entries/ip-address';
import { formatRoute } from '../../src/policy/entries/route';
import { printable } from '../../src/policy/findings/characters';
import { decideBackup } from '../../src/policy/mx-backup';
import { betterThanOurs, type Exchange } from '../../src/policy/mx-rule';
import { findDestination, findRoute } from '../../src/policy/relay-decision';
import type { RelayPolicy } from '../../src/policy/relay-policy';
import type { Address, OutboundMail } from '../../src/types/haraka';
import { recipientOf } from './recipient';

/** No opinion about mail of trusted clients to domains that are not listed: Haraka's own look-up serves them, but not literals. */
export function nextHops(suite: Suite, mail: OutboundMail, domain: string): HookAnswer | Promise<HookAnswer> {
  const { policy } = suite;
  const { notes } = mail.todo;
  const mark = markOf(notes);
  if (mark?.refused !== undefined) return { code: constants.deny, message: mark.refused };
  // An MX record would lead here as well, and Haraka would take that for a loop.
  if (mark?.listener) return { code: constants.ok, message: { ...mark.listener, priority: 0 } };
  // What was queued before still goes where its entry says.
  if (policy.mode.relay === 'observe' && !mark) return noOpinion;
  // Local mail on its way to an LMTP server goes through Haraka's outbound queue too.
  if (notes?.using_lmtp && !mark) return noOpinion;
  // Any domain may have its route there, and without it mail could go where it must not: it waits in the queue.
  if (!policy.relay.destinations.available) return answerWith('get_mx', localProblem);
  const now = suite.timeFor(policy);
  const [recipients = [], ...others] = groupByRoute(policy.relay, mail.todo.rcpt_to, now);
  if (others.length > 0) return severalRoutes(mail, domain);
  const route = recipients[0] && findRoute(policy.relay, recipientOf(recipients[0]), now);
  if (route) return { code: constants.ok, message: { exchange: route.host, port: route.port, priority: 0 } };
  const entry = findDestination(policy.relay, domain.toLowerCase(), now);
  const literal = parseAddressLiteral(domain);
  if (literal) return theAddress(suite, mail, literal);
  if (!entry && mark?.byExchanges?.includes(domain.toLowerCase()))
    return stillBackup(suite, mail, domain.toLowerCase());
  return entry || mark?.backup ? exchangesBeforeUs(suite, mail, domain) : noOpinion;
}

/** The recipients in groups, in none of which a domain has more than one next hop: Haraka asks for that of a domain. */
export function groupByRoute<A extends Address>(policy: RelayPolicy, recipients: readonly A[], time: number): A[][] {
  const groups: A[][] = [];
  const routesOfDomains = new Map<string, string[]>();
  for (const address of recipients) {
    const recipient = recipientOf(address);
    const route = findRoute(policy, recipient, time);
    const routes = routesOfDomains.get(recipient.domain) ?? [];
    routesOfDomains.set(recipient.domain, routes);
    const text = route ? formatRoute(route) : '';
    const known = routes.indexOf(text);
    const place = known < 0 ? routes.push(text) - 1 : known;
    groups[place] = [...(groups[place] ?? []), address];
  }
  return groups;
}

/** The list has changed since the message was queued. */
function severalRoutes(mail: OutboundMail, domain: string): HookAnswer {
  const message = printable(`recipients at ${domain} have different next hops since the message was queued`);
  mail.logerror(`smtpcheck: ${message}; it waits until they have the same again in relay.to`);
  return { code: constants.denysoft, message };
}

/** RFC 5321 §5.1: a literal is its own next hop. Haraka would look for MX records of its text, and bounce the message. */
function theAddress(suite: Suite, mail: OutboundMail, literal: IpAddress): HookAnswer {
  if (suite.isOurAddress(literal)) return pointsBack(mail, `the literal ${formatAddress(literal)} is`);
  return { code: constants.ok, message: { exchange: formatAddress(literal), priority: 0 } };
}

async function exchangesBeforeUs(suite: Suite, mail: OutboundMail, domain: string): Promise<HookAnswer> {
  const found = await suite.resolver.exchanges(domain);
  // What we cannot see we must not send on: it may be addressed to ourselves.
  if (found.state === 'unknown') return answerWith('get_mx', localProblem);
  // RFC 5321 §5.1: without MX records the domain itself is the exchange.
  const exchanges: readonly Exchange[] = found.state === 'found' ? found.value : [{ exchange: domain, priority: 0 }];
  const addresses = suite.ourAddresses();
  const areOurs = await Promise.all(exchanges.map(({ exchange }) => suite.isOurExchange(exchange, addresses)));
  const ours = new Set(exchanges.filter((_, i) => areOurs[i]));
  if (ours.size === 0) return noOpinion;

  const hops = hopsOf(exchanges, (exchange) => ours.has(exchange), domain);
  return hops.length > 0 ? { code: constants.ok, message: hops } : pointsBack(mail, `the best MX of ${domain} is`);
}

/** The hosts before this one, the most preferred first, as Haraka takes them. */
function hopsOf<E extends Exchange>(exchanges: readonly E[], isOurs: (exchange: E) => boolean, domain: string) {
  return [...betterThanOurs(exchanges, isOurs)]
    .sort((a, b) => a.priority - b.priority)
    .map(({ exchange, priority }) => ({ exchange, priority, from_dns: domain }));
}

/** Whoever publishes the records may have changed them since: mail goes where it was accepted for, and nowhere else. */
async function stillBackup(suite: Suite, mail: OutboundMail, domain: string): Promise<HookAnswer> {
  const exchanges = await suite.exchanges.of(domain);
  const { policy } = suite;
  if (exchanges.state === 'unknown') return answerWith('get_mx', localProblem);
  if (exchanges.state === 'found' && decideBackup(policy.relay.destinations, exchanges, suite.timeFor(policy))) {
    return { code: constants.ok, message: hopsOf(exchanges.hosts, ({ isOurs }) => isOurs, domain) };
  }
  const message = printable(`the MX hosts of ${domain} are not, or no longer, in the networks of mx: entries`);
  mail.logerror(`smtpcheck: ${message}; it waits until they are again`);
  return { code: constants.denysoft, message };
}

function pointsBack(mail: OutboundMail, what: string): HookAnswer {
  // The domain is in the client's words, and Haraka logs the answer as well.
  const message = printable(`${what} this host`);
  mail.logerror(`smtpcheck: ${message}; give its domain a next hop in relay.to`);
  return { code: constants.denysoft, message };
}

/** Puts the words of the refusal into the bounce: Haraka would say that the domain has no MX. */
export function describeRefusal(mail: OutboundMail, error: Error): void {
  const refusal = markOf(mail.todo.notes)?.refused;
  if (refusal === undefined) return;
  error.message = refusal;
  for (const recipient of mail.todo.rcpt_to) {
    Object.assign(recipient, { dsn_action: 'failed', dsn_status: '5.0.0', dsn_code: 550, dsn_msg: refusal });
  }
}

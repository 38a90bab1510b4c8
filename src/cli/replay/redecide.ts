/**
 * What a policy makes of a decision in a log: by the decisions of the server itself, with the facts of the line and
 * nothing else. Where other facts, which the line does not have, could change the answer, it is undetermined.
 * docs/reference/cli-replay.md has the table.
 */
import { replyAt } from '../../host/guard';
import { Windows } from '../../limits/windows';
import { coveredSender, nullSender, type Sender } from '../../policy/attributes/sender-scope';
import { type ClientNames, isPtrName, type LoggedNames, noNames, unaskedNames } from '../../policy/client-names';
import { decideTrust, dependsOnSender, nameMightBeTrusted } from '../../policy/client-trust';
import { type Decision, formatReply, permit, type Reply } from '../../policy/decision';
import { decideDeny, denyNeedsClientName } from '../../policy/deny-decision';
import { normalizeDnsName } from '../../policy/entries/domain-name';
import { isTextOf, isThisHostEverywhere, parseAddress, parseAddressLiteral } from '../../policy/entries/ip-address';
import { PolicyList } from '../../policy/entries/list';
import type { SourceLine } from '../../policy/findings/finding';
import { decideHello, decideMailHello } from '../../policy/hello';
import { type Counter, countersOf, decideCounted, type LimitPolicy } from '../../policy/limits';
import { decideCommand } from '../../policy/privacy';
import { isOpenToAll } from '../../policy/relay-decision';
import type { ClientFacts } from '../../policy/relay-policy';
import {
  decideMail,
  describeMail,
  type MailDecision,
  type MailPolicy,
  type MailRequest,
  mailNeedsClientName,
  mailNeedsExchanges,
} from '../../policy/sets/mail-decision';
import { emptyListData, mailPolicyOf } from '../../policy/sets/policy-lists';
import { modeOf, type PluginName, pluginNames, privacyFlagsOf } from '../../policy/settings/settings';
import { decideVerified } from '../../policy/verify';
import { rules } from '../../status/rules';
import type { LoggedDecision } from '../log/decision-line';
import { recipientOf } from '../log/recipient';
import type { FolderPolicy } from '../policy-content';
import {
  compare,
  passed,
  type Replayed,
  type UndeterminedReason,
  undetermined,
  type Verdict,
  verdictOf,
  verdictOfLine,
} from './verdict';

const pluginOf = new Map<string, PluginName>(
  pluginNames.flatMap((plugin) => {
    const { permit, refuse, defer } = rules[plugin];
    return [...permit, ...refuse, ...defer].map((rule) => [rule, plugin] as const);
  }),
);

const commandOf: Readonly<Record<string, string>> = {
  ...{ novrfy: 'VRFY', needvrfyhelo: 'VRFY', noexpn: 'EXPN', needexpnhelo: 'EXPN', noetrn: 'ETRN', noverb: 'VERB' },
};

export class Redecider {
  /** The policy in force: without `host.deny` where its plugin does not act. */
  private readonly policy: MailPolicy;
  /** The lists as if every plugin acted. */
  private readonly listed: MailPolicy;
  private readonly acting: ReadonlySet<PluginName>;
  private readonly dependsOnSender: boolean;
  private readonly limits: LimitPolicy;
  /** By the times of the lines. */
  private readonly windows = new Windows({ now: () => this.time });
  private time = 0;
  /** Whether any entry has an end, so that the time of a decision matters. */
  readonly hasEnds: boolean;

  /** `site` with all entries, also those that have ended. `now`: for lines that do not say when they were written. */
  constructor(
    private readonly site: FolderPolicy,
    private readonly now = Date.now(),
  ) {
    const { content, settings, loaded } = site;
    this.acting = new Set(loaded.filter((plugin) => modeOf(settings, plugin) === 'enforce'));
    const whole = mailPolicyOf(content);
    const { on_dns_failure: onDnsFailure } = settings.deny;
    const relay = { ...whole.relay, attributes: settings.relay.attributes };
    this.listed = { ...whole, relay, deny: { ...whole.deny, onDnsFailure } };
    const none = { clients: new PolicyList(emptyListData('hosts')), onDnsFailure };
    this.policy = this.acting.has('deny') ? this.listed : { ...this.listed, deny: none };
    this.dependsOnSender = dependsOnSender(relay);
    this.limits = { ...settings.limits, at: clientLimitAt(site) };
    const { clientNetworks, clientDomains, destinations, map } = relay;
    const lists = [clientNetworks, clientDomains, destinations, map, whole.deny.clients];
    this.hasEnds = lists.some((list) => list.hasEnds);
  }

  decide(line: LoggedDecision): Replayed {
    const replayed = this.decideFor(line);
    if (line.names || replayed.result !== 'undetermined' || replayed.reason !== 'client-names') return replayed;
    const claimed = isName(line.ptr) ? [normalizeDnsName(line.ptr)] : [];
    const names = { ...noNames, state: claimed.length > 0 ? 'known' : 'none', claimed, areChecked: false } as const;
    const { result } = this.decideFor({ ...line, names });
    return result === 'undetermined' ? replayed : { ...replayed, likely: result };
  }

  private decideFor(line: LoggedDecision): Replayed {
    const plugin = pluginOf.get(line.rule);
    if (!plugin) return undetermined('unknown-rule');
    if (line.rule === 'list-unavailable' || line.rule === 'trust-withdrawn') return undetermined('of-the-moment');
    const acts = this.acting.has(plugin);
    if (plugin === 'relay' && acts === line.observed) return undetermined(acts ? 'only-observed' : 'not-enforced');
    // What was only observed and now is enforced was let pass; where it is observed again, the decisions are compared.
    const before = line.observed && acts ? passed : verdictOfLine(line, plugin);
    const decided = this.after(line, plugin, acts || line.observed);
    const after = typeof decided === 'string' ? decided : this.limited(line, verified(line, decided));
    return typeof after === 'string' ? undetermined(after) : compare(before, after);
  }

  /** The verdict on a recipient that limits count, in the order of the lines. */
  private limited({ time, rule }: LoggedDecision, verdict: Verdict | UndeterminedReason): Verdict | UndeterminedReason {
    if (typeof verdict === 'string') return verdict;
    const { counters = [] } = verdict;
    if (counters.length === 0) return verdict;
    if (time === undefined) return rule === 'limit-reached' ? 'of-the-moment' : verdict;
    this.time = time;
    const counter = counters[this.windows.count(counters, 1).over ?? -1];
    if (!counter) return verdict;
    const { outcome, reply, at } = decideCounted(counter);
    return { kind: 'deferred', words: `${outcome} ${formatReply(reply)}`, at };
  }

  private after(line: LoggedDecision, plugin: PluginName, isAsked: boolean): Verdict | UndeterminedReason {
    switch (plugin) {
      case 'deny':
        return isAsked ? (this.denied(this.listed, line) ?? this.notDenied(line)) : this.notDenied(line);
      case 'helo':
      case 'privacy': {
        const atConnect = this.site.settings.deny.at === 'connect' ? this.denied(this.policy, line) : undefined;
        return atConnect ?? (isAsked ? verdictOf(this.commandDecision(line)) : passed);
      }
      case 'relay':
        return line.rcpt === '' ? this.trust(line) : this.mail(line);
    }
  }

  /** What `host.deny` decides on the client; `undefined` where it does not deny. */
  private denied({ deny }: MailPolicy, line: LoggedDecision): Verdict | UndeterminedReason | undefined {
    // Only whether they lead back is not known of names that the deny decision has looked up.
    const [client] = this.clientsOf(line) as [ClientFacts];
    if (denyNeedsClientName(deny, client)) return 'client-names';
    const decision = decideDeny(deny, client);
    return 'reply' in decision ? this.denial(decision.outcome, decision.reply, decision.at) : undefined;
  }

  private denial(outcome: 'refuse' | 'defer', listed: Reply, at: SourceLine | undefined): Verdict {
    const reply = formatReply(this.site.settings.deny.at === 'connect' ? replyAt('connect', listed) : listed);
    return { kind: outcome === 'refuse' ? 'denied' : 'deferred', words: `${outcome} ${reply}`, at, reply };
  }

  private notDenied(line: LoggedDecision): Verdict | UndeterminedReason {
    return line.rcpt !== '' && this.acting.has('relay') && !line.observed ? this.mail(line) : passed;
  }

  private commandDecision({ rule, helo }: LoggedDecision): Decision | undefined {
    const flags = privacyFlagsOf(this.site.settings);
    if (rule === 'hello-malformed') return decideHello(helo);
    if (rule === 'hello-missing') return flags.needmailhelo ? decideMailHello(helo || undefined) : undefined;
    const vrfyReply = this.site.settings.privacy.vrfy_reply === '252' ? 252 : 502;
    return decideCommand({ flags, vrfyReply }, { command: commandOf[rule] ?? '', introduced: helo !== '' });
  }

  /** Whether the lists trust the client: all that a permit at connect says. */
  private trust(line: LoggedDecision): Verdict | UndeterminedReason {
    const denied = this.denied(this.policy, line);
    if (denied) return typeof denied === 'string' ? denied : 'denied-before';
    if (this.hidesSender(line)) return 'escaped-sender';
    const clients = this.clientsOf(line);
    const answers = clients.map((client) => {
      const trust = decideTrust(this.policy.relay, client);
      return !trust && nameMightBeTrusted(this.policy.relay, client) ? undefined : (trust ?? false);
    });
    const [first] = answers;
    if (first === undefined || answers.some((one) => Boolean(one) !== Boolean(first))) return 'client-names';
    if (!first && line.from === '' && clients.some((client) => this.mightTrustInMail(client))) return 'sender-scope';
    if (!first) return { kind: 'untrusted', words: 'may not relay to anyone' };
    return { kind: 'accepted', words: `permit ${first.rule}`, at: first.at };
  }

  private mightTrustInMail(client: ClientFacts): boolean {
    const inMail: ClientFacts = { ...client, sender: coveredSender };
    return decideTrust(this.policy.relay, inMail) !== undefined || nameMightBeTrusted(this.policy.relay, inMail);
  }

  private hidesSender({ from }: LoggedDecision): boolean {
    return this.dependsOnSender && from !== '' && recipientOf(from) === undefined;
  }

  /** The client of the line, once for each thing that its names can be: of some nobody has looked where they lead. */
  private clientsOf({ ip, ptr, names, from, time = this.now }: LoggedDecision): readonly ClientFacts[] {
    const clientAddress = parseAddress(ip);
    const sender = this.dependsOnSender ? senderOf(from) : undefined;
    return namesOf(ptr, names).map((clientNames) => ({ clientAddress, clientNames, time, sender }));
  }

  /** The combined verdict on the recipient, the same for everything that the line leaves open. */
  private mail(line: LoggedDecision): Verdict | UndeterminedReason {
    const recipient = recipientOf(line.rcpt);
    if (!recipient) return this.denied(this.policy, line) ?? 'escaped-recipient';
    if (this.hidesSender(line)) return this.denied(this.policy, line) ?? 'escaped-sender';
    let common: Verdict | undefined;
    for (const recipientIsHere of this.placesOf(line, recipient.domain)) {
      let here: Verdict | undefined;
      for (const client of this.clientsOf(line)) {
        const verdict = this.mailVerdict({ ...client, recipient, recipientIsHere });
        if (typeof verdict === 'string') return verdict;
        if (here && here.kind !== verdict.kind) return 'client-names';
        here = verdict;
      }
      if (common && common.kind !== here?.kind) return 'own-address';
      common = here;
    }
    return common as Verdict;
  }

  private mailVerdict(request: MailRequest): Verdict | UndeterminedReason {
    if (mailNeedsClientName(this.policy, request)) return 'client-names';
    if (mailNeedsExchanges(this.policy, request)) return 'mx-records';
    const decision = decideMail(this.policy, request);
    const { outcome, by, reply, at } = decision;
    if (outcome === 'pass') return 'other-plugins';
    if (!reply) {
      const counters = outcome === 'relay' && by === 'trust' ? this.countersFor(request, decision) : [];
      const kind = outcome === 'discard' ? 'dropped' : 'accepted';
      return { kind, words: describeMail(decision), at, counters, verify: decision.verify };
    }
    const kind = outcome === 'refuse' ? 'refused' : 'deferred';
    if (by === 'deny') return this.denial(outcome === 'refuse' ? 'refuse' : 'defer', reply, at);
    const text = formatReply(reply);
    return { kind, words: `${outcome} ${text}`, at, reply: by === 'map' ? text : undefined };
  }

  private countersFor(request: MailRequest, { at, limits }: MailDecision): readonly Counter[] {
    const { relay } = this.policy;
    const isObserved = this.limits.mode === 'observe' || (limits !== undefined && relay.attributes === 'observe');
    if (!at || isObserved || isOpenToAll(relay, { recipientIsHere: false, ...request, vouched: false })) return [];
    const trust = { ...permit('client-network', at), ...(limits && { limits }) };
    const counted = { address: request.clientAddress, user: undefined, trust };
    return countersOf(this.limits, counted, ({ file, line }) => `${file}:${line}`);
  }

  /** Whether an address literal is this host's: both, where the line does not say so. */
  private placesOf({ rule }: LoggedDecision, domain: string): readonly boolean[] {
    const address = domain.startsWith('[') ? parseAddressLiteral(domain) : undefined;
    if (!address) return [false];
    const named = this.site.settings.relay.this_host.some((text) => isTextOf(address, text));
    if (named || isThisHostEverywhere(address)) return [true];
    // Its own address is the first thing that the relay decision looks for, and decides whatever comes after.
    return foundElsewhere.has(rule) ? [false] : [true, false];
  }
}

/** Rules of the relay decision behind `own-address`: the recipient was not at this host then. */
const foundElsewhere: ReadonlySet<string> = new Set([
  ...['client-network', 'client-domain', 'destination', 'relay-map'],
  ...['client-excluded', 'sender-not-covered', 'destination-excluded', 'relay-denied', 'limit-reached'],
  ...['unknown-recipient', 'recipient-unverified', 'unknown-recipients'],
]);

/** The next hop says today what it said then. */
function verified({ rule, isVerified }: LoggedDecision, verdict: Verdict): Verdict | UndeterminedReason {
  if (!verdict.verify || isVerified) return verdict;
  if (rule === 'recipient-unverified' || rule === 'unknown-recipients') return 'of-the-moment';
  const refusal = rule === 'unknown-recipient' ? decideVerified('unknown', 'accept', verdict.at) : undefined;
  if (!refusal) return 'next-hop';
  return { kind: 'refused', words: `${refusal.outcome} ${formatReply(refusal.reply)}`, at: refusal.at };
}

function clientLimitAt({ written }: FolderPolicy): LimitPolicy['at'] {
  const at = written.get('limits.client');
  return at ? { client: at } : {};
}

/** As `MAIL FROM` had it; absent where the line was written before. */
function senderOf(from: string): Sender | undefined {
  if (from === '') return undefined;
  return from === nullSender ? nullSender : recipientOf(from)?.domain;
}

function namesOf(ptr: string, names: LoggedNames | undefined): readonly ClientNames[] {
  if (names) return names.areChecked ? [names] : [names, { ...names, confirmed: names.claimed }];
  // Haraka's own look-up finds one name at most, and NXDOMAIN means a timeout too.
  return [isName(ptr) ? { ...unaskedNames, claimed: [normalizeDnsName(ptr)] } : unaskedNames];
}

/** Whether Haraka has found a PTR name, and the line has it as it is. */
export function isName(ptr: string): boolean {
  return isPtrName(ptr) && !ptr.includes('\\');
}

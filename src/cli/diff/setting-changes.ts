/** What a change of settings does to mail, in words. */
import { formatLimit, isWithin, type Limit, type Limits } from '../../policy/attributes/limit';
import type { SourceLine } from '../../policy/findings/finding';
import { type PrivacyFlag, privacyFlags } from '../../policy/privacy';
import type { Effect } from '../../policy/sets/change';
import { ownLists, unavailableLists } from '../../policy/sets/policy-lists';
import { modeOf, type PluginName, pluginNames, privacyFlagsOf } from '../../policy/settings/settings';
import type { SectionName, Settings } from '../../policy/settings/settings-description';
import type { Side } from './side';

export interface SettingChange {
  readonly effect: Effect;
  readonly list: string;
  /** `relay.restriction`, `privacy.flags novrfy`, a plugin, a pattern of `host_list_regex`. */
  readonly subject: string;
  readonly words: string;
  readonly before: { readonly verdict: string; readonly at: SourceLine | undefined };
  readonly after: { readonly verdict: string; readonly at: SourceLine | undefined };
}

type Judge<T> = (before: T, after: T) => { readonly effect: Effect; readonly words: string };
/** `elsewhere`: compared by its effect. `never`: admits and refuses nothing. */
type Judgement<T> = Judge<T> | 'elsewhere' | 'never';

type Judgements = { readonly [S in SectionName]: { readonly [K in keyof Settings[S]]: Judgement<Settings[S][K]> } };

const moves = (words: string) => (): { effect: Effect; words: string } => ({ effect: 'moves', words });
const dns = moves('names of clients are looked up otherwise: what is decided by name may change');

function limitJudge(whose: string): Judge<Limit | null> {
  return (before, after) => ({
    effect: isWithin(limitsOf(after), limitsOf(before)) ? 'closes' : 'opens',
    words: after
      ? `${whose} may have ${formatLimit(after).replace('/', ' recipients outside in ')}`
      : `${whose} have no limit`,
  });
}

function limitsOf(client: Limit | null): Limits {
  return client ? { client } : {};
}

/** Every setting: one that is added must be judged here before it compiles. */
const judgements: Judgements = {
  main: { mode: 'elsewhere', poll: 'never', settle: 'never', notes: 'never' },
  relay: {
    mode: 'elsewhere',
    restriction: (_, after) =>
      after
        ? { effect: 'closes', words: 'what no list permits is refused again, and so are routes in local parts' }
        : {
            effect: 'opens',
            words: 'what no list permits is left to other plugins, and routes in local parts are not refused',
          },
    local_ip: 'elsewhere',
    local_domain: 'elsewhere',
    relay_to: 'elsewhere',
    relay_map: 'elsewhere',
    attributes: (_, after) =>
      after === 'observe'
        ? { effect: 'opens', words: 'from= and limit= of entries are only observed' }
        : { effect: 'closes', words: 'from= and limit= of entries are in force' },
    local_delivery: (_, after) =>
      after
        ? { effect: 'moves', words: 'mail of clients that may relay to our own domains is delivered here' }
        : { effect: 'moves', words: 'mail of clients that may relay to our own domains is sent on' },
    this_host: moves('other MX records count as this host: mail we are backup MX for may take another next hop'),
  },
  limits: {
    mode: (_, after) =>
      after === 'observe'
        ? { effect: 'opens', words: 'recipients over a limit are accepted' }
        : { effect: 'closes', words: 'recipients over a limit are deferred' },
    client: limitJudge('trusted clients whose entry has no limit'),
    user: limitJudge('users of AUTH'),
    store: moves('recipients are counted elsewhere'),
    report_to: 'never',
    ipv6: moves('IPv6 clients are counted by other networks'),
  },
  verify: {
    unsure: (_, after) =>
      after === 'accept'
        ? { effect: 'opens', words: 'recipients are accepted while their next hop gives no clear answer' }
        : { effect: 'closes', words: 'recipients are deferred while their next hop gives no clear answer' },
    cache: 'never',
    cache_file: 'never',
    unknown: moves('connections end after another number of unknown recipients'),
    rate: moves('next hops are asked about another number of recipients'),
    timeout: moves('next hops have another time to answer'),
  },
  deny: {
    mode: 'elsewhere',
    hosts: 'elsewhere',
    at: (_, after) => ({
      effect: 'moves',
      words: after === 'connect' ? 'denied clients are refused at connect' : 'denied clients are refused at each RCPT',
    }),
    on_dns_failure: (_, after) =>
      after === 'pass'
        ? { effect: 'opens', words: 'a client whose name cannot be looked up is not deferred for host.deny' }
        : {
            effect: 'closes',
            words: 'a client whose name cannot be looked up is deferred where host.deny has domains',
          },
  },
  helo: { mode: 'elsewhere' },
  privacy: { mode: 'elsewhere', flags: 'elsewhere', vrfy_reply: moves('VRFY is answered with another code') },
  redis: { max_age: moves('lists in Redis count for another time after the server has last confirmed them') },
  dns: { servers: dns, timeout: dns, tries: dns, cache_size: 'never', cache_ttl: dns, mx_lookups: 'never' },
  status: { listen: 'never', socket: 'never', token_file: 'never', recent: 'never' },
};

const flagWords: Readonly<Record<PrivacyFlag, string>> = {
  needmailhelo: 'MAIL without HELO',
  needexpnhelo: 'EXPN without HELO',
  needvrfyhelo: 'VRFY without HELO',
  noexpn: 'EXPN',
  novrfy: 'VRFY',
  noetrn: 'ETRN',
  noverb: 'VERB',
  authwarnings: '',
};

const pluginWords: Readonly<Record<PluginName, string>> = {
  deny: 'host.deny refuses',
  helo: 'malformed HELO names are refused',
  privacy: 'the privacy flags refuse',
  relay: 'the lists of clients and destinations decide who may relay',
};

export function compareSettings(before: Side, after: Side): SettingChange[] {
  return [
    ...comparePlugins(before, after),
    ...compareKeys(before, after),
    ...compareFlags(before, after),
    ...comparePatterns(before, after),
    ...compareAvailability(before, after),
  ];
}

function compareKeys(before: Side, after: Side): SettingChange[] {
  return Object.entries(judgements).flatMap(([section, keys]) =>
    Object.entries(keys as Record<string, Judgement<unknown>>).flatMap(([key, judge]) => {
      const valueIn = ({ settings }: Side) => (settings[section as SectionName] as Record<string, unknown>)[key];
      const [was, is] = [valueIn(before), valueIn(after)];
      if (typeof judge === 'string' || JSON.stringify(was) === JSON.stringify(is)) return [];
      const subject = `${section}.${key}`;
      return [{ ...judge(was, is), ...change(subject, before, after, [textOf(was), textOf(is)]) }];
    }),
  );
}

function textOf(value: unknown): string {
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  return 'recipients' in value ? formatLimit(value as Limit) : JSON.stringify(value);
}

function change(subject: string, before: Side, after: Side, [was, is]: readonly [string, string], key = subject) {
  return {
    list: 'smtpcheck.ini',
    subject,
    before: { verdict: was, at: before.written.get(key) },
    after: { verdict: is, at: after.written.get(key) },
  };
}

/** Whether each plugin acts: loaded, and not only observing. */
function comparePlugins(before: Side, after: Side): SettingChange[] {
  const ofSuite = pluginNames.flatMap((plugin) => {
    const stateIn = ({ loaded, settings }: Side) => (loaded.includes(plugin) ? modeOf(settings, plugin) : 'not loaded');
    const states = [stateIn(before), stateIn(after)] as const;
    if (states[0] === states[1]) return [];
    const isOwn = [before, after].some(({ written }) => written.has(`${plugin}.mode`));
    const base = states.includes('not loaded')
      ? { ...change(plugin, before, after, states), list: 'plugins' }
      : change(`${plugin}.mode`, before, after, states, isOwn ? `${plugin}.mode` : 'main.mode');
    return [{ ...base, ...actingChange(states, pluginWords[plugin]) }];
  });
  if (before.content.acceptsLocal === after.content.acceptsLocal) return ofSuite;
  const stateIn = ({ content }: Side) => (content.acceptsLocal ? 'enforce' : 'not loaded');
  const base = { ...change(inHostList, before, after, [stateIn(before), stateIn(after)]), list: 'plugins' };
  const words = after.content.acceptsLocal
    ? 'mail to the domains of host_list is accepted for them'
    : 'mail to the domains of host_list is not accepted for them';
  return [...ofSuite, { ...base, effect: after.content.acceptsLocal ? 'opens' : 'closes', words }];
}

const inHostList = 'rcpt_to.in_host_list';

function actingChange([was, is]: readonly [string, string], words: string): Pick<SettingChange, 'effect' | 'words'> {
  if (is === 'enforce') return { effect: 'closes', words: `in force: ${words}` };
  if (was === 'enforce') return { effect: 'opens', words: `no longer in force: ${words}` };
  return { effect: 'moves', words: 'decisions are only logged, or no longer are' };
}

function compareFlags(before: Side, after: Side): SettingChange[] {
  const [was, is] = [privacyFlagsOf(before.settings), privacyFlagsOf(after.settings)];
  return privacyFlags
    .filter((flag) => was[flag] !== is[flag])
    .map((flag) => {
      const stateOf = (set: boolean) => (set ? 'set' : 'not set');
      const states = [stateOf(was[flag]), stateOf(is[flag])] as const;
      const base = change(`privacy.flags ${flag}`, before, after, states, 'privacy.flags');
      if (flag === 'authwarnings') {
        return {
          ...base,
          effect: 'moves',
          words: `mail of clients with a wrong HELO is ${is[flag] ? 'marked' : 'no longer marked'}`,
        };
      }
      const words = `${flagWords[flag]} is ${is[flag] ? 'refused' : 'no longer refused'}`;
      return { ...base, effect: is[flag] ? 'closes' : 'opens', words };
    });
}

/** A server does not know a list in Redis while Redis is unreachable, for one: what it could decide is deferred then. */
function compareAvailability(before: Side, after: Side): SettingChange[] {
  const [was, is] = [unavailableLists(before.content), unavailableLists(after.content)];
  return ownLists
    .filter((name) => was.includes(name) !== is.includes(name))
    .map((name) => {
      const isGone = is.includes(name);
      const states = isGone ? (['known', 'unavailable'] as const) : (['unavailable', 'known'] as const);
      const subject = name === 'hosts' ? 'deny.hosts' : `relay.${name}`;
      return {
        ...change(subject, before, after, states),
        list: after.content.lists[name].file,
        effect: name !== 'hosts' ? 'moves' : isGone ? 'closes' : 'opens',
        words: isGone
          ? 'the list is unavailable: what it could decide is deferred'
          : 'the list is known again: what it could decide is no longer deferred',
      };
    });
}

/** Names that an expression matches cannot be listed, so each expression is named itself. */
function comparePatterns(before: Side, after: Side): SettingChange[] {
  const linesIn = ({ content }: Side) => content.lists.host_list_regex.lines;
  const [was, is] = [linesIn(before), linesIn(after)];
  const changeOf = (
    pattern: string,
    effect: Effect,
    states: readonly [string, string],
    words: string,
  ): SettingChange => ({
    effect,
    list: 'host_list_regex',
    subject: pattern,
    words,
    before: { verdict: states[0], at: undefined },
    after: { verdict: states[1], at: undefined },
  });
  return [
    ...is
      .filter((pattern) => !was.includes(pattern))
      .map((pattern) => changeOf(pattern, 'opens', ['absent', 'local'], 'domains that match are local')),
    ...was
      .filter((pattern) => !is.includes(pattern))
      .map((pattern) =>
        changeOf(pattern, 'closes', ['local', 'absent'], 'domains that match are no longer local for it'),
      ),
  ];
}

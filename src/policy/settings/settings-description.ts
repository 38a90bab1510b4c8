/**
 * All settings of `smtpcheck.ini`, described once: what each is, its default, and the kind of its value. The shipped
 * `config/smtpcheck.ini`, the table in `docs/reference/settings.md` and the checks of an operator's file come from here.
 */
import { listSource, mapSource } from './list-source';
import {
  boolean,
  choice,
  count,
  duration,
  filePath,
  flags,
  hosts,
  limit,
  listenAddresses,
  mailbox,
  type Setting,
  servers,
} from './setting-kinds';

const modes = ['enforce', 'observe'] as const;

function sectionMode(plugin: string): Setting<'' | 'enforce' | 'observe'> {
  return choice(['', ...modes], {
    default: '',
    summary: `mode of ${plugin} alone; empty: as in [main]`,
  });
}

export const settingsDescription = {
  main: {
    mode: choice(modes, {
      default: 'enforce',
      summary:
        'observe: decide and log as usual (such log lines end in observed=true), but answer as if the plugin were absent: for a trial on a live server',
    }),
    poll: duration(
      { min: '200ms', max: '1m' },
      {
        default: '2s',
        summary: 'how often files are looked at where no event tells of a change (bind mounts, network file systems)',
      },
    ),
    notes: boolean({
      default: 'true',
      summary: 'the comment behind the entry that decided appears as note in the log line and in explain',
    }),
    settle: duration(
      { min: '50ms', max: '10s' },
      {
        default: '500ms',
        summary: 'how long a changed file must stay unchanged before it is read: half-written files are not taken',
      },
    ),
  },
  relay: {
    mode: sectionMode('relay'),
    restriction: boolean({
      default: 'true',
      summary:
        'nobody outside may relay to outside. false: what no list permits is left to other plugins and to Haraka, which refuses it where none accepts it, and routes in local parts are not refused. What relay.map refuses, discards or defers by an entry stays so',
      sendmail: 'default (without FEATURE(`promiscuous_relay`))',
      cf: 'MAIL_RELAY_RESTRICTION',
    }),
    local_ip: listSource({
      default: 'localip',
      summary: 'list of client addresses and networks that may relay to anyone',
      sendmail: 'access: Connect:133.9 RELAY',
      cf: 'LOCAL_HOST_IPADDR',
    }),
    local_domain: listSource({
      default: 'localdomain',
      summary: 'list of client domains that may relay to anyone, by forward-confirmed name',
      sendmail: 'relay-domains, access: Connect:waseda.ac.jp RELAY',
      cf: 'LOCAL_HOST_DOMAIN',
    }),
    relay_to: listSource({
      default: 'relay.to',
      summary: 'list of destinations that anyone may send to: the domains, mailboxes or addresses we are backup MX for',
      sendmail: 'access: To:backup.example RELAY',
      cf: 'ALLOW_RELAY_TO',
    }),
    relay_map: mapSource({
      default: 'hash:relay.map',
      summary: "keyed table of relay decisions, as text in the form of sendmail's access map",
      sendmail: "FEATURE(`access_db')",
      cf: 'RELAY_MAP',
    }),
    attributes: choice(['enforce', 'observe'], {
      default: 'enforce',
      summary:
        'what from= and limit= of an entry do: enforce, or observe, where the entry trusts its clients whatever their sender is and for any number of recipients, and what would be refused or deferred is logged',
    }),
    local_delivery: boolean({
      default: 'true',
      summary:
        'mail for our own domains (host_list, host_list_regex, and what a plugin that knows mailboxes accepts) is local, whoever sends it: the queue plugins get it. false: whatever a client that may relay sends is relayed, for a host that delivers nothing itself and sends everything on',
      sendmail: "without FEATURE(`nullclient')",
    }),
    this_host: hosts({
      default: '',
      summary: 'names and addresses of this host in MX records, besides its own name and interfaces (behind NAT)',
      sendmail: 'class w',
    }),
  },
  limits: {
    mode: choice(modes, {
      default: 'enforce',
      summary: 'observe: recipients over a limit are counted and logged, and accepted',
    }),
    client: limit('recipients', {
      default: '',
      summary:
        'how many recipients outside each trusted client may have, where the entry that trusts it has no limit=; an IPv6 client is counted with its network, below',
    }),
    user: limit('recipients', {
      default: '',
      summary: 'the same for each user of AUTH, whose recipients are counted for no client',
    }),
    store: choice(['memory', 'redis'], {
      default: 'memory',
      summary:
        'where recipients are counted: memory, for this server with all its workers, from nothing after a restart; or redis, the server of redis.ini, for all servers that count there',
    }),
    report_to: mailbox({
      default: '',
      summary: 'who gets a mail when a client, user or entry is over its limit: at most one a day for each',
    }),
    ipv6: count(
      { min: 16, max: 128 },
      { default: '64', summary: 'the length of the network that IPv6 clients are counted by' },
    ),
  },
  verify: {
    unsure: choice(['accept', 'defer'], {
      default: 'accept',
      summary:
        'what becomes of a recipient of an entry with verify whose next hop does not answer, or not clearly, where no earlier answer is remembered: a backup MX that refuses while the primary is down is useless',
    }),
    cache: count(
      { min: 100, max: 1_000_000 },
      { default: '100000', summary: 'how many recipients have the answer of their next hop remembered' },
    ),
    cache_file: filePath({
      default: 'smtpcheck.verified',
      summary:
        'file in the Haraka folder in which the answers outlive a restart, unless lists are in Redis and the answers too; empty: none',
    }),
    unknown: count(
      { min: 1, max: 1000 },
      { default: '10', summary: 'after how many unknown recipients a connection ends with 421' },
    ),
    rate: limit('questions', {
      default: '300/1m',
      summary: 'how many recipients next hops are asked about; of more, those that are not remembered are unsure',
    }),
    timeout: duration(
      { min: '1s', max: '25s' },
      { default: '10s', summary: 'how long a next hop may take, the connection included' },
    ),
  },
  deny: {
    mode: sectionMode('deny'),
    hosts: listSource({
      default: 'host.deny',
      summary: 'list of client addresses, networks and domains that are refused; wins over every trust',
      sendmail: 'access: Connect:… REJECT',
      cf: 'CHECK_HOST_DENY',
    }),
    at: choice(['connect', 'rcpt'], {
      default: 'connect',
      summary: 'when a client is refused: at connect, or at each RCPT, when sender and recipient can be logged',
      sendmail: "rcpt: FEATURE(`delay_checks')",
    }),
    on_dns_failure: choice(['pass', 'defer'], {
      default: 'pass',
      summary:
        'what to do when host.deny has domains and the name of a client cannot be looked up just now. defer protects from nobody who controls the reverse zone, and keeps out every client whose zone is broken',
    }),
  },
  helo: {
    mode: sectionMode('helo'),
  },
  privacy: {
    mode: sectionMode('privacy'),
    flags: flags({
      default: 'needmailhelo,noexpn,novrfy,authwarnings',
      summary:
        'what strangers may ask, and what gets marked: needmailhelo, needexpnhelo, needvrfyhelo, noexpn, novrfy, noetrn, noverb, authwarnings, goaway',
      sendmail: 'confPRIVACY_FLAGS, O PrivacyOptions',
      cf: 'PRIVACY_FLAGS',
    }),
    vrfy_reply: choice(['252', '502'], {
      default: '252',
      summary: 'the reply to VRFY with novrfy; RFC 5321 section 7.3 asks for 252',
    }),
  },
  redis: {
    max_age: duration(
      { min: '1s', max: '10m' },
      {
        default: '15s',
        summary:
          'how long a list from Redis counts after the server has last confirmed it; then its file holds, or what it could decide is deferred',
      },
    ),
  },
  dns: {
    servers: servers({
      default: '',
      summary:
        "DNS servers that the suite asks; empty: those of the system. Haraka's own look-up of the client's name always asks those of the system, so where they cannot tell it, trust by name comes at RCPT, not at connect",
    }),
    // c-ares, which asks for Node, waits for no server longer than 5 s.
    timeout: duration({ min: '100ms', max: '5s' }, { default: '2s', summary: 'how long one DNS question may take' }),
    tries: count(
      { min: 1, max: 5 },
      { default: '2', summary: 'how often a DNS question is asked before it has failed' },
    ),
    cache_size: count(
      { min: 1, max: 1_000_000 },
      { default: '10000', summary: 'how many clients have their names remembered' },
    ),
    cache_ttl: duration(
      { min: '1s', max: '24h' },
      { default: '5m', summary: 'how long names and MX records are remembered at most, whatever their TTL' },
    ),
    mx_lookups: limit('domains', {
      default: '60/1m',
      summary:
        'how many domains one client may have looked up for mx: entries of relay.to; recipients at more are deferred',
    }),
  },
  status: {
    listen: listenAddresses({
      default: '',
      summary:
        'where the status server listens besides its socket: several addresses with a port, or paths of Unix sockets; beyond loopback only with token_file',
    }),
    socket: filePath({
      default: 'smtpcheck.sock',
      summary:
        'Unix socket of the status server in the Haraka folder, for the smtpcheck command; only the user of Haraka can use it; empty: none',
    }),
    token_file: filePath({
      default: '',
      summary: "file in Haraka's config folder with the token that every client of listen has to show",
    }),
    recent: count(
      { min: 1, max: 10_000 },
      { default: '1000', summary: 'how many refused and deferred decisions are kept to be looked at' },
    ),
  },
} as const satisfies Record<string, Record<string, Setting<unknown>>>;

type Description = typeof settingsDescription;
type ValueOf<S> = S extends Setting<infer T> ? T : never;

export type SectionName = keyof Description;

export type Settings = {
  readonly [S in SectionName]: { readonly [K in keyof Description[S]]: ValueOf<Description[S][K]> };
};

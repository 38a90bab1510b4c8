/**
 * All settings of `smtpcheck.ini`, described once: what each is, its default, and how its text becomes a value. The
 * shipped `config/smtpcheck.ini`, the table in `docs/settings.md` and the checks of an operator's file come from here.
 */

import { parseDomainName } from './domain-name';
import { type Finding, fault, type SourceLine, warning } from './finding';
import { parseIni } from './ini';
import { parseAddress } from './ip-address';
import { expandFlags, flagsThatDoNotApply, flagWords, type PrivacyFlag } from './privacy';
import { nearest } from './suggest';

/** How a value is read: the value, or what would be right. */
type Read<T> = { readonly value: T } | { readonly expected: string; readonly use?: string };

export interface Setting<T> {
  readonly kind: string;
  readonly summary: string;
  /** The default as an operator would write it. */
  readonly default: string;
  /** The same setting of sendmail (or its mc macro) and of a CF `*.def` file, where they have one. */
  readonly sendmail?: string;
  readonly cf?: string;
  read(text: string): Read<T>;
}

type About = Pick<Setting<unknown>, 'summary' | 'default' | 'sendmail' | 'cf'>;

function choice<const C extends readonly string[]>(choices: C, about: About): Setting<C[number]> {
  return {
    ...about,
    kind: choices.filter((c) => c !== '').join(' | '),
    read(text) {
      const value = choices.find((c) => c === text.toLowerCase());
      if (value !== undefined) return { value };
      const use = nearest(text, choices);
      const expected = `one of ${choices.filter((c) => c !== '').join(', ')}`;
      return use ? { expected, use } : { expected };
    },
  };
}

function boolean(about: About): Setting<boolean> {
  return {
    ...about,
    kind: 'true | false',
    read(text) {
      if (/^(?:true|yes|on|1)$/i.test(text)) return { value: true };
      if (/^(?:false|no|off|0)$/i.test(text)) return { value: false };
      return { expected: 'true or false' };
    },
  };
}

/** A whole number within bounds, both included. */
function count(bounds: { min: number; max: number }, about: About): Setting<number> {
  return {
    ...about,
    kind: `number, ${bounds.min} to ${bounds.max}`,
    read(text) {
      const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= bounds.min && value <= bounds.max) return { value };
      return { expected: `a whole number from ${bounds.min} to ${bounds.max}` };
    },
  };
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration with its unit; the value is in milliseconds. */
function duration(bounds: { min: string; max: string }, about: About): Setting<number> {
  const milliseconds = (text: string): number | undefined => {
    const match = /^([0-9]{1,7})\s*(ms|s|m|h)$/.exec(text);
    return match ? Number(match[1]) * (units[match[2] as string] as number) : undefined;
  };
  return {
    ...about,
    kind: `duration, ${bounds.min} to ${bounds.max}`,
    read(text) {
      const value = milliseconds(text);
      const low = milliseconds(bounds.min) as number;
      const high = milliseconds(bounds.max) as number;
      if (value !== undefined && value >= low && value <= high) return { value };
      const expected = `a duration from ${bounds.min} to ${bounds.max}, with ms, s, m or h`;
      return /^[0-9]+$/.test(text) ? { expected, use: `${text}s` } : { expected };
    },
  };
}

/** The name of a file in Haraka's config folder, or nothing for no list. */
function listFile(about: About): Setting<string> {
  return {
    ...about,
    kind: 'list file',
    read(text) {
      if (text === '') return { value: '' };
      if (/^[^\s\0/][^\s\0]*$/.test(text) && !text.split('/').includes('..')) return { value: text };
      if (/^\/[^\s\0]+$/.test(text)) return { value: text };
      return { expected: "a file in Haraka's config folder or an absolute path" };
    },
  };
}

function mapFile(about: About): Setting<string> {
  const file = listFile(about);
  return {
    ...file,
    kind: 'hash:file',
    read(text) {
      if (text === '') return { value: '' };
      const match = /^([a-z]+):(.*)$/i.exec(text);
      if (!match) return { expected: 'a table type and a file', use: `hash:${text}` };
      if (match[1]?.toLowerCase() !== 'hash') {
        return { expected: 'a table of type hash, kept as text', use: `hash:${match[2]}` };
      }
      return file.read(match[2] as string);
    },
  };
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

/** Names and addresses, divided by blanks or commas. */
function hosts(about: About): Setting<readonly string[]> {
  return {
    ...about,
    kind: 'names and addresses',
    read(text) {
      const value = words(text).map((word) => word.toLowerCase().replace(/\.$/, ''));
      const bad = value.find((word) => !parseAddress(word) && parseDomainName(word) === undefined);
      return bad === undefined ? { value } : { expected: `host names and IP addresses; ${bad} is neither` };
    },
  };
}

/** DNS servers: addresses, each with an optional port (`192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:53`). */
function servers(about: About): Setting<readonly string[]> {
  return {
    ...about,
    kind: 'addresses, each with an optional port',
    read(text) {
      const value = words(text);
      const bad = value.find((word) => {
        const match = /^(?:\[([^\]]+)\]|([0-9.]+))(?::([0-9]{1,5}))?$/.exec(word);
        const address = match ? parseAddress(match[1] ?? match[2] ?? '') : parseAddress(word);
        return !address || Number(match?.[3] ?? 53) > 65535 || Number(match?.[3] ?? 53) < 1;
      });
      return bad === undefined ? { value } : { expected: `IP addresses of DNS servers; ${bad} is none` };
    },
  };
}

function flags(about: About): Setting<readonly string[]> {
  return {
    ...about,
    kind: 'flags, divided by commas',
    read: (text) => ({ value: words(text.toLowerCase()) }),
  };
}

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
        'observe: decide, log and count as usual, but answer as if the plugin were absent (for a trial on a live server)',
    }),
    poll: duration(
      { min: '200ms', max: '1m' },
      {
        default: '2s',
        summary: 'how often files are looked at where no event tells of a change (bind mounts, network file systems)',
      },
    ),
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
        'nobody outside may relay to outside. false: the plugin permits by its lists and refuses nothing; what no list permits is left to other plugins and to Haraka, which refuses it',
      sendmail: 'default (without FEATURE(`promiscuous_relay`))',
      cf: 'MAIL_RELAY_RESTRICTION',
    }),
    local_ip: listFile({
      default: 'localip',
      summary: 'list of client addresses and networks that may relay to anyone',
      sendmail: 'access: Connect:133.9 RELAY',
      cf: 'LOCAL_HOST_IPADDR',
    }),
    local_domain: listFile({
      default: 'localdomain',
      summary: 'list of client domains that may relay to anyone, by forward-confirmed name',
      sendmail: 'relay-domains, access: Connect:waseda.ac.jp RELAY',
      cf: 'LOCAL_HOST_DOMAIN',
    }),
    relay_to: listFile({
      default: 'relay.to',
      summary: 'list of destinations that anyone may send to: the domains, mailboxes or addresses we are backup MX for',
      sendmail: 'access: To:backup.example RELAY',
      cf: 'ALLOW_RELAY_TO',
    }),
    relay_map: mapFile({
      default: 'hash:relay.map',
      summary: "keyed table of relay decisions, as text in the form of sendmail's access map",
      sendmail: "FEATURE(`access_db')",
      cf: 'RELAY_MAP',
    }),
    this_host: hosts({
      default: '',
      summary: 'names and addresses of this host in MX records, besides its own name and interfaces (behind NAT)',
      sendmail: 'class w',
    }),
  },
  deny: {
    mode: sectionMode('deny'),
    hosts: listFile({
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
    on_dns_failure: choice(['defer', 'pass'], {
      default: 'defer',
      summary: 'what to do when host.deny has domains and the name of a client cannot be looked up just now',
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
  dns: {
    servers: servers({ default: '', summary: 'DNS servers to ask; empty: those of the system' }),
    timeout: duration({ min: '100ms', max: '10s' }, { default: '2s', summary: 'how long one DNS question may take' }),
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
      { default: '5m', summary: 'how long names are remembered at most, whatever their TTL' },
    ),
  },
} as const satisfies Record<string, Record<string, Setting<unknown>>>;

type Description = typeof settingsDescription;
type ValueOf<S> = S extends Setting<infer T> ? T : never;

export type SectionName = keyof Description;

export type Settings = {
  readonly [S in SectionName]: { readonly [K in keyof Description[S]]: ValueOf<Description[S][K]> };
};

export interface ParsedSettings {
  /** Absent where a finding is a fault. */
  readonly settings?: Settings;
  /** What could be read, with the default for what could not: to look on for more faults, never to run by. */
  readonly readable: Settings;
  readonly findings: readonly Finding[];
  /** Where each setting that the file names stands, by `section.key`. */
  readonly written: ReadonlyMap<string, SourceLine>;
}

/** Reads an ini text against the description. Never throws; reports every fault. Empty text gives the defaults. */
export function parseSettings(file: string, text: string): ParsedSettings {
  const ini = parseIni(text);
  const findings: Finding[] = ini.bad.map(({ line, written }) => fault('ini-syntax', { file, line }, written));
  const values = defaults();
  const written = new Map<string, SourceLine>();

  for (const { name, line, written: header } of ini.sections) {
    if (Object.hasOwn(settingsDescription, name)) continue;
    const use = nearest(name, Object.keys(settingsDescription));
    findings.push(fault('ini-section-unknown', { file, line }, header, use ? { use: `[${use}]` } : {}));
  }
  for (const entry of ini.entries) {
    const at = { file, line: entry.line, column: entry.column };
    if (!Object.hasOwn(settingsDescription, entry.section)) continue;
    const section = settingsDescription[entry.section as SectionName] as Record<string, Setting<unknown>>;
    if (!Object.hasOwn(section, entry.key)) {
      findings.push(fault('ini-key-unknown', at, entry.written, keyHint(entry.section, entry.key)));
      continue;
    }
    const path = `${entry.section}.${entry.key}`;
    const before = written.get(path);
    if (before) {
      findings.push(fault('ini-key-twice', at, entry.written, { detail: String(before.line) }));
      continue;
    }
    written.set(path, { file, line: entry.line });
    const result = (section[entry.key] as Setting<unknown>).read(entry.value);
    if ('value' in result) (values[entry.section] as Record<string, unknown>)[entry.key] = result.value;
    else {
      const use = result.use === undefined ? {} : { use: `${entry.key}=${result.use}` };
      findings.push(fault('ini-value', at, entry.written, { detail: result.expected, ...use }));
    }
    if (path === 'privacy.flags') findings.push(...flagFindings(at, words(entry.value)));
  }
  findings.sort((a, b) => a.at.line - b.at.line);
  const faulty = findings.some((finding) => finding.severity === 'fault');
  const readable = values as unknown as Settings;
  return faulty ? { readable, findings, written } : { settings: readable, readable, findings, written };
}

function defaults(): Record<string, Record<string, unknown>> {
  const values: Record<string, Record<string, unknown>> = {};
  for (const [section, keys] of Object.entries(settingsDescription)) {
    const read = Object.entries(keys).map(([key, setting]) => {
      const result = (setting as Setting<unknown>).read(setting.default);
      if (!('value' in result)) throw new Error(`the default of ${section}.${key} is no value of it`);
      return [key, result.value] as const;
    });
    values[section] = Object.fromEntries(read);
  }
  return values;
}

/** The nearest key of the same section, else the section that has a key of that name. */
function keyHint(section: string, key: string): { use?: string } {
  const keys = Object.keys(settingsDescription[section as SectionName]);
  const use = nearest(key, keys);
  if (use) return { use };
  const elsewhere = Object.entries(settingsDescription).find(([, others]) => Object.hasOwn(others, key.toLowerCase()));
  return elsewhere ? { use: `${key.toLowerCase()} in [${elsewhere[0]}]` } : {};
}

function flagFindings(at: Finding['at'], written: readonly string[]): Finding[] {
  return written.flatMap((word) => {
    const flag = word.toLowerCase();
    const reason = flagsThatDoNotApply.get(flag);
    if (reason) return [warning('flag-does-not-apply', at, word, { detail: reason })];
    if (flagWords.includes(flag)) return [];
    const use = nearest(flag, flagWords);
    return [fault('flag-unknown', at, word, use ? { use } : {})];
  });
}

/** The privacy flags in force. */
export function privacyFlagsOf(settings: Settings): ReadonlySet<PrivacyFlag> {
  return expandFlags(settings.privacy.flags);
}

/** Whether a plugin answers or only watches. */
export function modeOf(settings: Settings, plugin: 'relay' | 'deny' | 'helo' | 'privacy'): 'enforce' | 'observe' {
  return settings[plugin].mode || settings.main.mode;
}

/** The shipped `smtpcheck.ini`: every key with its default, commented out, under what it means. */
export function describeAsIni(): string {
  const lines = [
    '; smtpcheck: who may relay through us, who is refused, what strangers may ask.',
    "; Every key stands here with its default. Lists are files in Haraka's config folder; both are re-read while",
    '; mail flows. See docs/settings.md.',
  ];
  for (const [section, keys] of Object.entries(settingsDescription)) {
    lines.push('', `[${section}]`);
    for (const [key, setting] of Object.entries(keys) as [string, Setting<unknown>][]) {
      lines.push(`; ${setting.summary} (${setting.kind})`, `;${key}=${setting.default}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The table of `docs/settings.md`. */
export function describeAsTable(): string {
  const rows = [
    '| setting | default | what it is | values | in sendmail | in a CF `*.def` |',
    '| --- | --- | --- | --- | --- | --- |',
  ];
  for (const [section, keys] of Object.entries(settingsDescription)) {
    for (const [key, setting] of Object.entries(keys) as [string, Setting<unknown>][]) {
      const cell = (text: string | undefined) => (text ?? '').replace(/\|/g, '\\|');
      const code = (text: string | undefined) => (text ? `\`${cell(text)}\`` : '');
      rows.push(
        `| \`[${section}] ${key}\` | ${code(setting.default)} | ${cell(setting.summary)} | ${cell(setting.kind)} | ${cell(setting.sendmail)} | ${code(setting.cf)} |`,
      );
    }
  }
  return `${rows.join('\n')}\n`;
}

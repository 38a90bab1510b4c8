/** Reads `smtpcheck.ini` against the description of its settings. */
import { shortened } from '../findings/characters';
import { type Finding, fault, type SourceLine, warning } from '../findings/finding';
import { expandFlags, flagsThatDoNotApply, flagWords, type PrivacyFlags } from '../privacy';
import { parseIni } from './ini';
import { isLocalOnly, type Setting, words } from './setting-kinds';
import { type SectionName, type Settings, settingsDescription } from './settings-description';
import { nearest } from './suggest';

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
  const findings: Finding[] = ini.bad.map(({ line, written, problem, ...more }) =>
    fault(problem, { file, line }, written, more),
  );
  const values = defaults();
  const written = new Map<string, SourceLine>();

  for (const { name, line, written: header } of ini.sections) {
    if (Object.hasOwn(settingsDescription, name)) continue;
    const suggestion = nearest(name, Object.keys(settingsDescription));
    findings.push(
      fault('ini-section-unknown', { file, line }, header, suggestion ? { suggestion: `[${suggestion}]` } : {}),
    );
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
      const hint =
        result.suggestion === undefined ? {} : { suggestion: shortened(`${entry.key}=${result.suggestion}`) };
      findings.push(fault('ini-value', at, entry.written, { detail: result.expected, ...hint }));
    }
    if (path === 'privacy.flags') findings.push(...flagFindings(at, words(entry.value)));
  }
  const { listen, token_file: tokenFile } = (values as unknown as Settings).status;
  const open = tokenFile === '' ? listen.find((address) => !isLocalOnly(address)) : undefined;
  if (open && 'port' in open) {
    const at = written.get('status.listen') as SourceLine;
    findings.push(fault('status-token-missing', at, `${open.host}:${open.port}`));
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
function keyHint(section: string, key: string): { suggestion?: string } {
  const keys = Object.keys(settingsDescription[section as SectionName]);
  const suggestion = nearest(key, keys);
  if (suggestion) return { suggestion };
  const elsewhere = Object.entries(settingsDescription).find(([, others]) => Object.hasOwn(others, key.toLowerCase()));
  return elsewhere ? { suggestion: `${key.toLowerCase()} in [${elsewhere[0]}]` } : {};
}

function flagFindings(at: Finding['at'], written: readonly string[]): Finding[] {
  return written.flatMap((word) => {
    const flag = word.toLowerCase();
    const reason = flagsThatDoNotApply.get(flag);
    if (reason) return [warning('flag-does-not-apply', at, word, { detail: reason })];
    if (flagWords.includes(flag)) return [];
    const suggestion = nearest(flag, flagWords);
    return [fault('flag-unknown', at, word, suggestion ? { suggestion } : {})];
  });
}

/** The privacy flags in force. */
export function privacyFlagsOf(settings: Settings): PrivacyFlags {
  return expandFlags(settings.privacy.flags);
}

/** The suite's plugins. Each has a section of its own. */
export const pluginNames = ['deny', 'helo', 'privacy', 'relay'] as const;

export type PluginName = (typeof pluginNames)[number];

/** Whether a plugin answers or only watches. */
export type Mode = 'enforce' | 'observe';

export function modeOf(settings: Settings, plugin: PluginName): Mode {
  return settings[plugin].mode || settings.main.mode;
}

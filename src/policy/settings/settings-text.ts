/** The settings as documents: the shipped file and the table, made from their description. */
import type { Setting } from './setting-kinds';
import { settingsDescription } from './settings-description';

/** The shipped `smtpcheck.ini`: every key with its default, commented out, under what it means. */
export function describeAsIni(): string {
  const lines = [
    '; smtpcheck: who may relay through us, who is refused, what strangers may ask.',
    "; Every key stands here with its default. Lists are files in Haraka's config folder, or keys of Redis; all of it is",
    '; re-read while mail flows. See docs/reference/settings.md and docs/reference/redis.md.',
  ];
  for (const [section, keys] of Object.entries(settingsDescription)) {
    lines.push('', `[${section}]`);
    for (const [key, setting] of Object.entries(keys) as [string, Setting<unknown>][]) {
      lines.push(`; ${setting.summary} (${setting.kind})`, `;${key}=${setting.default}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The table of `docs/reference/settings.md`. */
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

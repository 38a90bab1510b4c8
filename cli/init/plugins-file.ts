/** Where a line goes in Haraka's `config/plugins`. */

/**
 * The text with one plugin line more, before the first plugin that is loaded: trust is then set before the others ask
 * for it. Everything else stays as it is, line ends included. `line` counts from 1.
 */
export function withPlugin(text: string, plugin: string): { text: string; line: number } {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split(/(?<=\n)/);
  const active = lines.findIndex((line) => /^\s*[^\s#]/.test(line));
  const at = active < 0 ? lines.length : active;
  const before = lines.slice(0, at);
  const last = before.at(-1);
  // A last line without its newline would swallow the new one.
  if (last !== undefined && last !== '' && !last.endsWith('\n')) before[before.length - 1] = last + newline;
  return { text: [...before, plugin + newline, ...lines.slice(at)].join(''), line: at + 1 };
}

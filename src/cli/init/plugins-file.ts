/** Where a line goes in Haraka's `config/plugins`. */

/**
 * Adds a plugin line before the first plugin that is loaded, so that trust is set before the other plugins ask for it.
 * The rest of the text stays as it is, line ends included. `line` counts from 1. The text may be octets read as Latin-1,
 * so that a comment in any encoding is kept.
 */
export function withPlugin(text: string, plugin: string): { text: string; line: number } {
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const [, mark = '', body = ''] = /^(\ufeff|\u00ef\u00bb\u00bf)?(.*)$/s.exec(text) ?? [];
  const lines = body === '' ? [] : body.split(/(?<=\n)/);
  const active = lines.findIndex((line) => /^\s*[^\s#;]/.test(line));
  const at = active < 0 ? lines.length : active;
  const before = lines.slice(0, at).join('');
  // A last line without its newline would swallow the new one.
  const ended = before === '' || before.endsWith('\n') ? before : before + newline;
  return { text: mark + ended + plugin + newline + lines.slice(at).join(''), line: at + 1 };
}

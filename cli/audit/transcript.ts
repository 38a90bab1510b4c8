/** What was said, on which connection and when: raw as it came, and made printable only when it is shown. */

export interface Utterance {
  /** Milliseconds since the audit began. */
  readonly at: number;
  readonly connection: string;
  /** `>` we wrote, `<` they wrote, `*` something happened. */
  readonly mark: '>' | '<' | '*';
  readonly text: string;
}

export class Transcript {
  readonly utterances: Utterance[] = [];
  readonly #began = Date.now();

  add(connection: string, mark: Utterance['mark'], text: string): void {
    this.utterances.push({ at: Date.now() - this.#began, connection, mark, text });
  }

  lines(): string[] {
    return this.utterances.map(
      ({ at, connection, mark, text }) => `${(at / 1000).toFixed(3)} ${connection} ${mark} ${printable(text)}`,
    );
  }
}

/** A server's text may hold anything; a terminal, an XML file or a log must not obey it. */
export function printable(text: string): string {
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === '\r') out += '\\r';
    else if (character === '\n') out += '\\n';
    else if (character === '\t') out += '\\t';
    else if (code < 0x20 || (code > 0x7e && code < 0xa0)) out += `\\x${code.toString(16).padStart(2, '0')}`;
    else out += character;
  }
  return out;
}

export function shortened(text: string, length = 120): string {
  const shown = printable(text);
  return shown.length <= length ? shown : `${shown.slice(0, length - 1)}…`;
}
